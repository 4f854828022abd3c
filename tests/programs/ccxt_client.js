// Pages one symbol's 1-minute candles out of bf-sim by the public client library ccxt, and prints them as
// JSON: node ccxt_client.js NODE_MODULES CLASS URL spot|contract SYMBOL FROM_MS TO_MS PAGE_ROWS HOW
//   forward   one call after another, each from behind the last row of the one before: `since` and limit
//   back      the same by `until`, for exchanges whose candles know no `since`
//   paginate  the library's own paging, which without an end begins ten pages before now at the earliest
//   until     its own paging with an end
// Prints { symbol, candles }: the markets come from loadMarkets(), whatever it asks for.
const [modules, name, url, kind, symbol, from, to, rows, how] = process.argv.slice(2);
const ccxt = require('node:module').createRequire(`${modules}/resolve-from-here.js`)('ccxt');
const MINUTE = 60_000;
const begin = Number(from);
const end = Number(to);
const limit = Number(rows);

const ADDRESSES = {
  binance: { public: `${url}/api/v3`, fapiPublic: `${url}/fapi/v1`, dapiPublic: `${url}/dapi/v1` },
  binanceusdm: { fapiPublic: `${url}/fapi/v1` },
  bybit: { public: url },
};

async function forward(exchange, unified) {
  const candles = [];
  for (let since = begin; since < end; ) {
    const page = await exchange.fetchOHLCV(unified, '1m', since, limit);
    if (page.length === 0) break;
    candles.push(...page);
    since = page[page.length - 1][0] + MINUTE;
  }
  return candles;
}

async function back(exchange, unified) {
  let candles = [];
  for (let until = end; until > begin; until = candles[0][0]) {
    const page = await exchange.fetchOHLCV(unified, '1m', undefined, limit, { until });
    if (page.length === 0) break;
    candles = [...page, ...candles];
  }
  return candles;
}

async function paginate(exchange, unified) {
  return exchange.fetchOHLCV(unified, '1m', begin, undefined, { paginate: true });
}

async function until(exchange, unified) {
  return exchange.fetchOHLCV(unified, '1m', begin, undefined, { paginate: true, until: end });
}

async function main() {
  const api = ADDRESSES[name] ?? { rest: url };
  const exchange = new ccxt[name]({ enableRateLimit: false, urls: { api } });
  await exchange.loadMarkets();
  // One name may be a spot and a contract's.
  const market = exchange.markets_by_id[symbol].find((m) => m.spot === (kind === 'spot'));
  const candles = await { forward, back, paginate, until }[how](exchange, market.symbol);
  const wanted = candles.filter((candle) => candle[0] >= begin && candle[0] < end);
  console.log(JSON.stringify({ symbol: market.symbol, candles: wanted }));
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
