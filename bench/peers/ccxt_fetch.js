// Pages of 1,000 candles by the public client library ccxt, its rate limiter off, a number of requests at once:
//   node ccxt_fetch.js NODE_MODULES URL FROM_MS PAGES_OF_A_SERIES REQUESTS AT_ONCE
// Prints what it took and what it got: { seconds, cpu, candles, closes }.
const [modules, url, from, pages, requests, atOnce] = process.argv.slice(2);
const ccxt = require('node:module').createRequire(`${modules}/resolve-from-here.js`)('ccxt');
const ROWS = 1_000;
const MINUTE = 60_000;
const SYMBOL = 'P000/USDT:USDT';

const MARKET = {
  id: 'P000USDT', symbol: SYMBOL, base: 'P000', quote: 'USDT', settle: 'USDT', baseId: 'P000',
  quoteId: 'USDT', settleId: 'USDT', type: 'swap', spot: false, swap: true, future: false,
  option: false, contract: true, linear: true, inverse: false, subType: 'linear', active: true,
  precision: { amount: 8, price: 8 }, limits: {}, info: {},
};

async function main() {
  const api = { fapiPublic: `${url}/fapi/v1` };
  const exchange = new ccxt.binanceusdm({ enableRateLimit: false, urls: { api } });
  exchange.setMarkets([MARKET]);
  let begun = 0;
  let candles = 0;
  let closes = 0;
  const fetchAll = async () => {
    while (begun < Number(requests)) {
      const page = begun++ % Number(pages);
      const since = Number(from) + page * ROWS * MINUTE;
      const rows = await exchange.fetchOHLCV(SYMBOL, '1m', since, ROWS);
      candles += rows.length;
      for (const row of rows) closes += row[4];
    }
  };
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: Number(atOnce) }, fetchAll));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({ seconds, cpu: (used.user + used.system) / 1e6, candles, closes }));
}

main().then(() => process.exit(0));
