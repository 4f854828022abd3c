# Two commands: `make demo` and `make test`; `make help` lists the rest. The build itself is CMake's,
# see CMakePresets.json; each preset builds into build/PRESET.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
CTEST_FLAGS ?=
rooms := store engine tools tests bench
sources = find $(wildcard $(rooms)) -name '*.h' -o -name '*.cpp'

# $(call build,PRESET), $(call test,PRESET)
define build
cmake --preset $(1) >/dev/null
cmake --build --preset $(1) --parallel $(JOBS)
endef
define test
ctest --preset $(1) $(CTEST_FLAGS)
endef

.PHONY: all demo test asan tsan gcc fuzz golden lint lint-format lint-tidy format bench install clean help deps

all: ## an optimised build in build/release
	$(call build,release)

demo: deps ## install what is missing, build, backfill the fixtures from bf-sim, verify, export
	$(call build,release)
	tools/demo.sh build/release

test: deps ## install what is missing, build, run the whole suite
	$(call build,release)
	$(call test,release)

asan tsan gcc: deps ## the suite under ASan and UBSan, under TSan, or built by the system's g++
	$(call build,$@)
	$(call test,$@)

lint: lint-format lint-tidy ## clang-format and clang-tidy, as checks

lint-format:
	tools/install-deps.sh lint
	$(sources) | xargs clang-format-19 --dry-run --Werror

lint-tidy: deps
	tools/install-deps.sh lint
	$(call build,release)
	$(sources) | grep '\.cpp$$' | xargs -P $(JOBS) -n 1 clang-tidy-19 -p build/release --quiet

format: ## format every source file in place
	tools/install-deps.sh lint
	$(sources) | xargs clang-format-19 -i

fuzz: deps ## fuzz the readers of the store's files, FUZZ_SECONDS=20 each
	$(call build,fuzz)
	tests/fuzz/run.sh build/fuzz

golden: deps ## write tests/golden and the example of docs/format.md again: after a change of the format (tests/golden/README.md)
	$(call build,release)
	build/release/bin/store_test --gtest_also_run_disabled_tests \
	  --gtest_filter='*Golden*.DISABLED_Write*'

bench: ## build, run the benches (long) and record their figures; BENCH="parse --quick" for some of them
	tools/install-deps.sh build bench
	$(call build,release)
	bench/run.py build/release $(BENCH)

install: all ## install the release build; PREFIX=/usr/local, DESTDIR as usual
	cmake --install build/release --prefix $(PREFIX)

clean: ## remove every build, and the demo's store with it
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps:
	tools/install-deps.sh
