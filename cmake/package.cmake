# The store as a package: find_package(bf), then link bf::store. What a reader or writer of stores
# includes is installed, and nothing else.
include(CMakePackageConfigHelpers)

set(BF_PUBLIC_HEADERS
  store/answer.h
  store/format_version.h
  store/gap_index.h
  store/held_slots.h
  store/resample.h
  store/store.h
  store/base/clock.h
  store/base/columns.h
  store/base/decimal.h
  store/base/file_system.h
  store/base/interval.h
  store/base/range_set.h
  store/base/result.h
  store/base/series.h
  store/base/time.h)
foreach(header IN LISTS BF_PUBLIC_HEADERS)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/bf/${folder})
endforeach()

set(BF_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/bf)
set_target_properties(bf_store PROPERTIES EXPORT_NAME store)
set_target_properties(bf_base PROPERTIES EXPORT_NAME base)
set_target_properties(bf_headers PROPERTIES EXPORT_NAME headers)
install(TARGETS bf_store bf_base bf_headers dep_lz4 dep_xxhash EXPORT bfTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT bfTargets NAMESPACE bf:: DESTINATION ${BF_PACKAGE_DIR})
configure_package_config_file(cmake/bfConfig.cmake.in ${CMAKE_BINARY_DIR}/bfConfig.cmake
  INSTALL_DESTINATION ${BF_PACKAGE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/bfConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/bfConfig.cmake ${CMAKE_BINARY_DIR}/bfConfigVersion.cmake
  DESTINATION ${BF_PACKAGE_DIR})
