// The page that describes the API: readable everywhere, and nothing of it comes from elsewhere.

import assert from 'node:assert/strict';

import { tell } from './harness.mjs';

tell(async (house, { docs }) => {
  await house.visit({ width: 1280 }, async (visit) => {
    const { page } = visit;
    assert.equal(await visit.goto(docs), 200);
    await visit.fits('docs', { language: 'en', most: 100_000 });
    // Every link within the page leads somewhere in it.
    const lost = await page.evaluate(() => [...document.querySelectorAll('a[href^="#"]')]
      .map((link) => link.getAttribute('href').slice(1))
      .filter((id) => !document.getElementById(id)));
    assert.deepEqual(lost, []);
    const led = await visit.led(() => page.getByRole('link', { name: 'openapi.json' }).click());
    assert.equal(led.status, 200);
  });
});
