"""What is wanted of the figures, by the names of their rows. Rates are in the units that the rows have."""

AT_LEAST, AT_MOST = "at least", "at most"

WANTED = {
    # bf-engine from a server on loopback into a durable store
    "loopback/plain/rate": (3.5, AT_LEAST),
    "loopback/plain/cpu": (0.22, AT_MOST),
    "loopback/plain/rss": (64, AT_MOST),
    "loopback/tls/rate": (2.2, AT_LEAST),
    "loopback/tls/cpu": (0.28, AT_MOST),
    "loopback/gzip/rate": (1.5, AT_LEAST),
    "loopback/50ms/rate": (2.3, AT_LEAST),
    "loopback/50ms_tls/rate": (2.3, AT_LEAST),
    "loopback/200ms/of_ideal": (0.95, AT_LEAST),
    "loopback/200ms/cores": (1.0, AT_MOST),
    "loopback/sim/rate": (1.5, AT_LEAST),
    # the same pages, other clients
    "fetch/plain/bf_to_ccxt": (9, AT_LEAST),
    "fetch/plain/cpu_bf_to_ccxt": (0.1, AT_MOST),
    "fetch/plain/bf_to_aiohttp": (4, AT_LEAST),
    "fetch/plain/bf_to_libcurl": (0.7, AT_LEAST),
    "fetch/tls/bf_to_ccxt": (9, AT_LEAST),
    "fetch/tls/cpu_bf_to_ccxt": (0.1, AT_MOST),
    "fetch/tls/bf_to_aiohttp": (4, AT_LEAST),
    "fetch/tls/bf_to_libcurl": (0.7, AT_LEAST),
    # parsing
    "parse/engine": (8, AT_LEAST),
    "parse/engine_to_simdjson": (1.1, AT_LEAST),
}
