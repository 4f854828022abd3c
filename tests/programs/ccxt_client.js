// Pages one symbol's 1-minute candles out of a simulated Binance by the public client library ccxt, and
// prints them as JSON: node ccxt_client.js NODE_MODULES CLASS URL SYMBOL FROM_MS TO_MS PAGE_ROWS
const [modules, name, url, symbol, from, to, rows] = process.argv.slice(2);
const ccxt = require('node:module').createRequire(`${modules}/resolve-from-here.js`)('ccxt');

async function main() {
  const exchange = new ccxt[name]({
    enableRateLimit: false,
    urls: {
      api: { public: `${url}/api/v3`, fapiPublic: `${url}/fapi/v1`, dapiPublic: `${url}/dapi/v1` },
    },
    options: { fetchMarkets: { types: name === 'binance' ? ['spot'] : ['linear'] } },
  });
  await exchange.loadMarkets();
  const unified = exchange.markets_by_id[symbol][0].symbol;
  const candles = [];
  let since = Number(from);
  while (since < Number(to)) {
    const page = await exchange.fetchOHLCV(unified, '1m', since, Number(rows));
    const wanted = page.filter((candle) => candle[0] < Number(to));
    candles.push(...wanted);
    if (page.length === 0 || wanted.length < page.length) break;
    since = page[page.length - 1][0] + 60_000;
  }
  console.log(JSON.stringify({ symbol: unified, candles }));
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
