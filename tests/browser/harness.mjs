// What every story in a browser shares: one Chromium, visits that notice what must not happen, and checks of a page.
//
// A story is a file beside this one that calls `tell`. The Rust test of the same name starts everything, hands over what
// the story has to know as JSON on standard input, and fails when the story does. With BROWSER_SHOTS=<folder> every
// page that is checked leaves pictures there.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

/** The most bytes of a page with everything it loads. */
const PAGE_BYTES = 20_000;

/** How long anything may take; only what hangs lets it pass. */
const PATIENCE = 60_000;

/** The narrowest page that must not scroll sideways (WCAG 2.2, 1.4.10), a phone and a desktop. */
const WIDTHS = [320, 390, 1280];

/** The least height and width of what a thumb has to hit, in CSS pixels (WCAG 2.2, 2.5.5). */
const THUMB = 44;

const CHROMIUMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Runs a story: `story(house, stage)`, where `stage` is what the Rust test handed over. */
export async function tell(story) {
  const stage = JSON.parse(readFileSync(0, 'utf8'));
  const executablePath = process.env.CHROMIUM ?? CHROMIUMS.find((path) => existsSync(path));
  assert(executablePath, 'Chromium is missing: run scripts/test-setup.sh, or say where it is with CHROMIUM=/path/to/it');
  // Each launch has a new, empty profile, which goes with it.
  const browser = await chromium.launch({ executablePath, args: FLAGS, timeout: PATIENCE });
  try {
    const house = new House(browser, stage.origins);
    await house.provesItself();
    await story(house, stage);
  } finally {
    await browser.close();
  }
}

/** Where visits begin. `origins` are the only ones that a page may ask. */
class House {
  #browser;
  #origins;
  #visits = 0;

  constructor(browser, origins) {
    this.#browser = browser;
    this.#origins = origins;
  }

  /** Somebody of their own, with an address and an empty browser of their own. Closed after `what`, and then held to account. */
  async visit({ language = 'en', width = 390, scheme = 'light' }, what) {
    this.#visits += 1;
    const context = await this.#browser.newContext({
      locale: language,
      viewport: { width, height: 800 },
      colorScheme: scheme,
      extraHTTPHeaders: { 'x-forwarded-for': addressOf(this.#visits) },
    });
    const visit = new Visit(context, this.#origins);
    try {
      await visit.begin();
      await what(visit);
      assert.deepEqual(visit.problems, [], 'nothing that must not happen did');
    } finally {
      await context.close();
    }
  }

  /** A check that can't fail is none: each one finds what is wrong with a page made to be wrong. */
  async provesItself() {
    this.#visits += 1;
    const context = await this.#browser.newContext({ viewport: { width: 390, height: 800 } });
    const visit = new Visit(context, this.#origins);
    await visit.begin();
    await context.route('http://wrong.example/', (route) => route.fulfill({
      headers: { 'content-security-policy': "style-src 'none'", 'content-type': 'text/html' },
      body: '<html><style>p{color:red}</style><p style="width:900px;color:#ddd">pale and wide</p><img src="http://elsewhere.example/a.png">'
        + '<script>console.error("an error");fetch("http://elsewhere.example/b").catch(()=>{});throw new Error("thrown")</script></html>',
    }));
    await visit.page.goto('http://wrong.example/');
    await visit.page.waitForLoadState('networkidle');
    const noticed = visit.problems.join('\n');
    for (const wrong of ['http://elsewhere.example/a.png', 'http://elsewhere.example/b', 'an error', 'thrown', 'policy']) {
      assert(noticed.includes(wrong), `${wrong} goes unnoticed: ${noticed}`);
    }
    await visit.page.evaluate(() => document.querySelector('p').setAttribute('style', ''));
    await visit.page.evaluate(() => Object.assign(document.querySelector('p').style, { width: '900px' }));
    assert(await visit.sideways(), 'a page that scrolls sideways is noticed');
    assert((await visit.barriers()).join().includes('image-alt'), 'a picture without words is noticed');
    await context.close();
  }
}

/** Somebody's browser. */
class Visit {
  problems = [];
  page;
  #context;
  #origins;
  #bodies = [];
  #documents = new Set();

  constructor(context, origins) {
    this.#context = context;
    this.#origins = origins;
  }

  async begin() {
    const context = this.#context;
    context.setDefaultTimeout(PATIENCE);
    // The browser's own hand puts both into every document, which no policy of the page forbids.
    await context.addInitScript(axe.source);
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await context.route((url) => !this.#origins.includes(url.origin), (route) => {
      this.problems.push(`a request to ${route.request().url()}`);
      return route.abort();
    });
    this.page = await context.newPage();
    this.page.on('pageerror', (error) => this.problems.push(`an error: ${error}`));
    this.page.on('console', (message) => {
      // Chromium says of every document with a status from 400 on that it failed; the status is looked at apart.
      const ofDocument = message.text().startsWith('Failed to load resource') && this.#documents.has(message.location().url);
      if (['error', 'warning'].includes(message.type()) && !ofDocument) this.problems.push(`said: ${message.text()}`);
    });
    this.page.on('request', (request) => {
      if (request.isNavigationRequest()) this.#documents.add(request.url());
    });
    this.page.on('response', (response) => {
      this.#bodies.push(response.body().then((body) => body.length, () => 0));
    });
  }

  /** Opens an address; its status. */
  async goto(url) {
    this.#bodies = [];
    const answer = await this.page.goto(url, { waitUntil: 'load' });
    return answer.status();
  }

  /** Does something that leads to another page; its status and request. */
  async led(action) {
    this.#bodies = [];
    // Begun before the action, so that the document that comes is the one that is waited for, and not the one that goes.
    const [answer] = await Promise.all([this.page.waitForNavigation({ waitUntil: 'load' }), action()]);
    return { status: answer.status(), request: answer.request() };
  }

  async heading() {
    return (await this.page.locator('h1').innerText()).trim();
  }

  /** Everything that holds for each page of ours: words, width, weight, colours, and nobody kept out. */
  async fits(name, { language, schemes = ['light', 'dark'], most = PAGE_BYTES }) {
    const { page } = this;
    assert.equal(await page.locator('html').getAttribute('lang'), language, `${name}: its language`);
    assert((await page.title()).trim().length > 0, `${name}: a title`);
    const bytes = (await Promise.all(this.#bodies)).reduce((sum, each) => sum + each, 0);
    assert(bytes > 0 && bytes < most, `${name}: ${bytes} bytes`);
    const before = page.viewportSize();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      assert(!await this.sideways(), `${name} in ${language}: scrolls sideways at ${width}`);
      for (const button of await page.getByRole('button').all()) {
        const box = await button.boundingBox();
        assert(box.height >= THUMB && box.width >= THUMB, `${name} in ${language}: a button too small to hit at ${width}`);
      }
      for (const scheme of ['light', 'dark']) await this.shot(`${name}-${language}-${width}-${scheme}`, scheme);
    }
    await page.setViewportSize(before);
    for (const scheme of schemes) {
      await page.emulateMedia({ colorScheme: scheme });
      assert.deepEqual(await this.barriers(), [], `${name} in ${language}, ${scheme}: what keeps people out`);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }

  /** Whether the page scrolls sideways. */
  sideways() {
    return this.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  }

  /** What axe finds: each as its rule and where. */
  async barriers() {
    const found = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    return found.violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((node) => node.target).join(', ')}`);
  }

  /** A picture, where somebody asked for them. */
  async shot(name, scheme = 'light') {
    const folder = process.env.BROWSER_SHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.emulateMedia({ colorScheme: scheme });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }
}

/** Asks until there is an answer, within a bound. */
export async function eventually(what, ask) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert(Date.now() < until, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** One of the addresses kept for documentation (RFC 5737), so that nobody is taken for a crowd. */
function addressOf(number) {
  return `198.51.100.${number % 250 + 1}`;
}
