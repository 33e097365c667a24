// Access links: scanners come first, then people, and each finds what is behind their link.

import assert from 'node:assert/strict';

import { eventually, tell } from './harness.mjs';

const SCANNERS = ['Barracuda Sentinel (EE)', 'Mozilla/5.0 (compatible; bingpreview/1.0b)', 'Slack-ImgProxy (+https://api.slack.com/robots)'];

tell(async (house, stage) => {
  await scannersComeFirst(stage);
  await aPersonGetsThrough(house, stage);
  await aPersonWithoutAMouse(house, stage);
  for (const language of stage.languages) {
    await house.visit({ language }, async (visit) => {
      await everyPageCanBeRead(visit, stage, language);
      await aNewLinkIsAskedFor(visit, stage, language);
      await aCrowdIsAskedToWait(visit, stage, language);
      await personaIsAway(visit, stage, language);
    });
  }
  await personaIsBack(house, stage);
});

/** Looking changes nothing: no session at Persona, no opening. */
async function scannersComeFirst({ notice, simulator, ada }) {
  for (const agent of SCANNERS) {
    for (const method of ['HEAD', 'GET', 'GET']) {
      const answer = await fetch(notice, { method, redirect: 'manual', headers: { 'user-agent': agent } });
      assert.equal(answer.status, 200, `${method} by ${agent}`);
    }
  }
  const shown = await (await fetch(`${simulator}/simulator/inquiries/${ada}`)).json();
  assert.deepEqual([shown.sessions, shown.links], [[], []], 'nobody has come yet');
}

/** From the notice's link into the flow, to its end, and back to the link. */
async function aPersonGetsThrough(house, { notice, simulator, texts }) {
  await house.visit({ language: 'en' }, async (visit) => {
    const { page } = visit;
    assert.equal(await visit.goto(notice), 200);
    assert.equal(await visit.heading(), texts.en.ask);
    await visit.fits('ask', { language: 'en' });
    const led = await visit.led(() => page.getByRole('button').click());
    assert(page.url().startsWith(`${simulator}/verify`), `led to ${page.url()}`);
    assert.equal((await led.request.allHeaders()).referer, undefined, 'where they came from is nobody’s business');
    assert.equal(await page.locator('body').getAttribute('data-state'), 'flow');
    await visit.led(() => page.getByRole('button', { name: 'Start' }).click());
    await visit.led(() => page.getByRole('button', { name: 'Finish' }).click());
    assert.equal(await page.locator('body').getAttribute('data-state'), 'done');
    // Persona's webhook says so a moment later.
    await eventually('the page says that they are done', async () => {
      await visit.goto(notice);
      return await visit.heading() === texts.en.finished;
    });
    assert.equal(await page.getByRole('button').count(), 0, 'there is nothing left to press');
  });
}

/** The button is the first thing to come to, can be seen to be it, and Enter presses it. */
async function aPersonWithoutAMouse(house, { keyboard, simulator }) {
  for (const scheme of ['light', 'dark']) {
    await house.visit({ width: 1280, scheme }, async (visit) => {
      const { page } = visit;
      assert.equal(await visit.goto(keyboard), 200);
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return { tag: document.activeElement.tagName, line: style.outlineStyle, width: parseFloat(style.outlineWidth) };
      });
      assert.equal(focus.tag, 'BUTTON');
      assert(focus.line !== 'none' && focus.width >= 2, `the focus can be seen: ${JSON.stringify(focus)}`);
      await visit.shot(`focus-${scheme}`, scheme);
      await visit.led(() => page.keyboard.press('Enter'));
      assert(page.url().startsWith(`${simulator}/verify`), `led to ${page.url()}`);
    });
  }
}

/** Every page of one language, on every width; in both colours where the words don't matter. */
async function everyPageCanBeRead(visit, { pages, texts }, language) {
  for (const { name, url, status } of pages) {
    assert.equal(await visit.goto(url), status, name);
    assert.equal(await visit.heading(), texts[language][name]);
    await visit.fits(name, { language, schemes: schemesFor(language) });
  }
}

/** Whoever holds a link that is over asks for a new one, and is told the same whatever comes of it. */
async function aNewLinkIsAskedFor(visit, { over, texts }, language) {
  assert.equal(await visit.goto(over), 410);
  const led = await visit.led(() => visit.page.getByRole('button').click());
  assert.equal(led.status, 200);
  assert.equal(await visit.heading(), texts[language].sent);
  await visit.fits('sent', { language, schemes: schemesFor(language) });
}

/** So many come by one link in a minute that the page asks to wait. A minute may pass meanwhile; then they come again. */
async function aCrowdIsAskedToWait(visit, { crowded, texts }, language) {
  await eventually('the crowd is asked to wait', async () => {
    for (let come = 0; come < 50; come += 1) await fetch(crowded, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    return await visit.goto(crowded) === 429;
  });
  assert.equal(await visit.heading(), texts[language].slow);
  await visit.fits('slow', { language, schemes: schemesFor(language) });
}

/** Persona is away: the page says so, and when to come back. */
async function personaIsAway(visit, { away, simulator, texts }, language) {
  await fail(simulator, 1);
  assert.equal(await visit.goto(away), 200);
  const led = await visit.led(() => visit.page.getByRole('button').click());
  assert.equal(led.status, 503);
  assert.equal(await visit.heading(), texts[language].busy);
  await visit.fits('busy', { language, schemes: schemesFor(language) });
}

/** The button of that page gets them in once Persona is there again. */
async function personaIsBack(house, { away, simulator }) {
  await house.visit({}, async (visit) => {
    await visit.goto(away);
    const led = await visit.led(() => visit.page.getByRole('button').click());
    assert.equal(led.status, 503);
    await fail(simulator, 0);
    await eventually('the button gets them in', async () => {
      await visit.led(() => visit.page.getByRole('button').click());
      return visit.page.url().startsWith(`${simulator}/verify`);
    });
  });
}

/** Lets such a share of the calls to Persona fail. */
async function fail(simulator, share) {
  const answer = await fetch(`${simulator}/simulator/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'fail-share': share }),
  });
  assert.equal(answer.status, 200);
}

/** A colour does not depend on the language, so one language is enough for the other scheme. */
function schemesFor(language) {
  return language === 'en' ? ['light', 'dark'] : ['light'];
}
