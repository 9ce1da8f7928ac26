// browser.js URL: opens URL in headless Chromium and prints, with the time in milliseconds, what
// the page writes to its console; `open` once its EventSource or WebSocket `es` is. Ends when it is told to.
'use strict';

const { chromium } = require('playwright-core');

const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

async function main(url) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  const stop = async () => {
    await browser.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const page = await browser.newPage();
  page.on('console', (message) => console.log(`${Date.now()} console ${message.text()}`));
  page.on('pageerror', (error) => console.log(`error ${error}`));
  await page.goto(url);
  await page.waitForFunction('window.es && window.es.readyState === 1');
  console.log('open');
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
