// On call: from the alert to the report, and nothing for whoever may not.

import assert from 'node:assert/strict';

import { eventually, tell } from './harness.mjs';

const WHY = 'the application is back';

tell(async (house, stage) => {
  const replay = await somebodyOnCall(house, stage);
  await theViewer(house, stage, replay);
  await everyPageCanBeRead(house, stage, replay);
});

async function signIn(visit, { origin }, token) {
  assert.equal(await visit.goto(`${origin}/`), 200);
  await visit.page.getByLabel('Operator’s token').fill(token);
  await visit.led(() => visit.page.getByRole('button', { name: 'Sign in' }).click());
}

/** Alert, dead letters, why, preview, start, end, audit. */
async function somebodyOnCall(house, stage) {
  let path;
  await house.visit({ width: 1280 }, async (visit) => {
    const { page } = visit;
    await signIn(visit, stage, stage.operator);
    const alert = page.locator('.needs li', { hasText: 'Dead letters' });
    assert.match(await alert.innerText(), /3 “remind” actions were given up in sandbox/);
    await visit.shot('replay-overview');
    await visit.led(() => alert.getByRole('link', { name: 'See them' }).click());
    assert.equal(await page.locator('tbody tr').count(), 3);

    await visit.led(() => page.locator('tbody tr').first().getByRole('link').first().click());
    assert.equal(await page.locator('#why').innerText(), stage.reason, 'why it failed');
    await visit.led(() => page.goBack());

    await visit.led(() => page.getByRole('button', { name: 'Try all that match again…' }).click());
    await noBarrier(visit, 'preview');
    const told = await page.locator('main').innerText();
    for (const words of ['Nothing was done yet', 'What it would do', stage.reason]) assert(told.includes(words), `${words}: ${told}`);
    await shots(visit, 'replay-preview');
    await page.getByText('Start…', { exact: true }).click();
    await page.getByLabel('Reason').fill(WHY);
    await visit.led(() => page.getByRole('button', { name: 'Start' }).click());
    path = new URL(page.url()).pathname;
    await noBarrier(visit, 'progress');
    await shots(visit, 'replay-progress');

    // The page says so by itself.
    await eventually('it is through', async () => (await page.locator('#report').innerText()).includes('3 of 3 through'));
    await eventually('it says so', async () => (await page.locator('#acts').innerText()) === '');
    assert.equal(await page.locator('#acts').innerText(), '', 'what is over has nothing to press');
    await shots(visit, 'replay-report');
    await visit.led(() => page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Audit' }).click());
    const deed = page.locator('tbody tr', { hasText: WHY });
    assert.equal(await deed.count(), 1);
    await visit.led(() => deed.getByRole('link').click());
    assert.equal(new URL(page.url()).pathname, path, 'the audit leads to it');
    await visit.led(() => page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Overview' }).click());
    assert.equal(await page.locator('.needs li', { hasText: 'Dead letters' }).count(), 0, 'nothing is left to do');
  });
  return path;
}

/** A viewer sees it, and nothing to press. */
async function theViewer(house, stage, replay) {
  await house.visit({ width: 390 }, async (visit) => {
    await signIn(visit, stage, stage.viewer);
    for (const path of [replay, '/replays', '/actions?state=failed']) {
      assert.equal(await visit.goto(stage.origin + path), 200, path);
      assert.equal(await visit.page.locator('form[action^="/replays"]').count(), 0, `${path}: nothing to press`);
    }
    assert.equal(await visit.goto(`${stage.origin}/replays/preview`), 403);
    assert.match(await visit.heading(), /You may not do that/);
    await noBarrier(visit, 'refusal');
  });
}

/** Every page, for an administrator, who sees all of them: narrow, wide, light and dark. */
async function everyPageCanBeRead(house, stage, replay) {
  for (const scheme of ['light', 'dark']) {
    await house.visit({ width: 1280, scheme }, async (visit) => {
      await signIn(visit, stage, stage.admin);
      for (const path of [...stage.pages, replay]) {
        await visit.page.setViewportSize({ width: 1280, height: 800 });
        assert.equal(await visit.goto(stage.origin + path), 200, path);
        await noBarrier(visit, `${path}, ${scheme}`);
        for (const width of [390, 320]) {
          await visit.page.setViewportSize({ width, height: 800 });
          assert(!await visit.sideways(), `${path} scrolls sideways at ${width}`);
        }
        await noBarrier(visit, `${path}, ${scheme}, on a phone`);
      }
    });
  }
}

/** What axe finds that keeps somebody out. */
async function noBarrier(visit, name) {
  const serious = (await visit.barriers()).filter((found) => /\((serious|critical)\)/.test(found));
  assert.deepEqual(serious, [], `${name}: what keeps people out`);
}

/** Pictures for whoever asks for them. */
async function shots(visit, name) {
  if (!process.env.BROWSER_SHOTS) return;
  for (const width of [1280, 390]) {
    await visit.page.setViewportSize({ width, height: 900 });
    for (const scheme of ['light', 'dark']) await visit.shot(`${name}-${width}-${scheme}`, scheme);
  }
  await visit.page.emulateMedia({ colorScheme: 'light' });
  await visit.page.setViewportSize({ width: 1280, height: 800 });
}
