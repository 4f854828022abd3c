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
    # the coroutine runtime
    "async/task": (50, AT_MOST),
    "async/channel_hop": (100, AT_MOST),
    "async/timers_cost": (1.05, AT_MOST),
    # runs on the virtual clock
    "virtual/of_limit": (0.98, AT_LEAST),
    "virtual/429s": (0, AT_MOST),
    "virtual/wall": (180, AT_MOST),
    "virtual/rss": (300, AT_MOST),
    "deribit/of_its_requests": (1.05, AT_MOST),
    "deribit/429s": (0, AT_MOST),
    "deribit/rss": (300, AT_MOST),
    "every_exchange/binance/spot": (0.95, AT_LEAST),
    "every_exchange/binance/um": (0.95, AT_LEAST),
    "every_exchange/bitunix/futures": (0.95, AT_LEAST),
    "every_exchange/blofin/swap": (0.95, AT_LEAST),
    "every_exchange/bybit/linear": (0.95, AT_LEAST),
    "every_exchange/deribit/futures": (0.95, AT_LEAST),
    "every_exchange/okx/swap": (0.95, AT_LEAST),
    # the store
    "codec/bytes/six": (6.1, AT_MOST),
    "codec/bytes/ten": (16.9, AT_MOST),
    "codec/segment/encode_and_verify/ten": (8, AT_LEAST),
    "scan/sum/close": (1_000, AT_LEAST),
    "scan/one_day/ten": (100, AT_MOST),
    "open/store_and_gap_indexes": (20, AT_MOST),
    "open/gaps/all": (20, AT_MOST),
    "open/process/plan": (100, AT_MOST),
    "open/process/read_day": (1, AT_MOST),
    "append/commit/8": (1.5, AT_LEAST),
    "export/ten": (7, AT_LEAST),
    "export/six": (12, AT_LEAST),
}
