// api_page.js URL KEY: opens the page of the API in headless Chromium, lists its operations, tries out
// one without a key and one with it, and prints all that as one JSON object, with what stood in the
// console and what was asked of whom.
'use strict';

const { chromium } = require('playwright-core');

const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

// Executes the operation and returns what the page shows of the answer.
async function tryOut(page, id, key, body) {
  const block = page.locator(`#operations-${id}`);
  await block.locator('.opblock-summary-control').click();
  if (key) {
    await block.locator('.authorization__btn').click();
    const dialog = page.locator('.dialog-ux');
    await dialog.locator('.auth-container input').first().fill(key);
    await dialog.locator('.auth-container button[type=submit]').first().click();
    await dialog.locator('.auth-container button', { hasText: 'Logout' }).waitFor();
    await dialog.locator('.btn-done').first().click();
  }
  await block.locator('.try-out__btn').click();
  if (body) {
    await block.locator('textarea.body-param__text').fill(body);
  }
  await block.locator('.execute').click();
  const row = block.locator('.live-responses-table .response').first();
  await row.waitFor();
  return {
    status: Number((await row.locator('.response-col_status').innerText()).trim().split(/\s/)[0]),
    body: await row.locator('.response-col_description pre').first().innerText(),
  };
}

async function main(url, key) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  const page = await browser.newPage();
  const seen = { console: [], asked: [], failed: [] };
  page.on('console', (message) => seen.console.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => seen.console.push(`error: ${error}`));
  page.on('request', (request) => seen.asked.push(request.url()));
  page.on('requestfailed', (request) => seen.failed.push(request.url()));
  await page.goto(url);
  await page.locator('.opblock').first().waitFor();
  seen.title = await page.title();
  seen.operations = await page.locator('.opblock-summary').evaluateAll((rows) => rows.map((row) => [
    row.querySelector('.opblock-summary-method').innerText,
    row.querySelector('[data-path]').getAttribute('data-path'),
  ].join(' ')));
  seen.open = await tryOut(page, 'users-live');
  seen.keyed = await tryOut(page, 'alerts-putAlert', key, '{"message":"from the page"}');
  console.log(JSON.stringify(seen));
  await browser.close();
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
