/** Chromium, and the chat page as used by a person. */

import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const PHONE = { viewport: { width: 390, height: 760 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

export class Browser {
  #chromium;
  complaints = []; // of all pages: errors, and content policy violations

  static async launch() {
    const browser = new Browser();
    browser.#chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: FLAGS,
    });
    return browser;
  }

  close() {
    return this.#chromium.close();
  }

  /** A page with separate storage. Ends with test `t`. */
  async page(t, url, options = {}) {
    const context = await this.#chromium.newContext({ viewport: { width: 1180, height: 720 }, ...options });
    context.setDefaultTimeout(12_000);
    t.after(() => context.close());
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(error.stack));
    page.on('console', (message) => {
      // Some tests provoke refused connections.
      const isNetwork = /WebSocket connection|net::ERR_|favicon\.ico/.test(
        message.text() + message.location().url,
      );
      if (message.type() === 'error' && !isNetwork) this.complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  async chat(t, url, { name, channels = ['lobby'], ...options } = {}) {
    const hash = new URLSearchParams(channels.map((channel) => ['channel', channel]));
    if (name) hash.set('name', name);
    const page = await this.page(t, `${url}/#${hash}`, options);
    return new ChatPage(page);
  }
}

export class ChatPage {
  constructor(page) {
    this.page = page;
    this.log = page.locator('.log:visible');
  }

  /** idle, connecting, open, waiting or closed */
  async reaches(state) {
    await this.page.waitForSelector(`body[data-state="${state}"]`);
    return this;
  }

  async say(text) {
    await this.page.fill('#text', text);
    await this.page.press('#text', 'Enter');
  }

  /** Waits for a message the server has accepted, not one still being sent. */
  sees(text) {
    return this.log.locator('.msg:not(.pending) .text').getByText(text, { exact: true }).waitFor();
  }

  seesMark(kind) {
    return this.log.locator(`.mark.${kind}`).waitFor();
  }

  /** All messages shown, in order. */
  texts() {
    return this.log.locator('.msg:not(.pending) .text').allTextContents();
  }

  seesPerson(name) {
    return this.page.locator('#here-list .person-name').getByText(name).waitFor({ state: 'attached' });
  }

  /** Moves the focus by Shift+Tab; each element on the way must show its focus. */
  async tabBackTo(selector) {
    for (let i = 0; i < 30; i += 1) {
      await this.page.keyboard.press('Shift+Tab');
      const [there, ring] = await this.page.evaluate((wanted) => {
        const { activeElement } = document;
        const outline = getComputedStyle(activeElement).outlineStyle;
        return [activeElement.matches(wanted), activeElement === document.body || outline !== 'none'];
      }, selector);
      if (!ring) throw new Error(`no focus ring on #${await this.focused()}`);
      if (there) return;
    }
    throw new Error(`the keyboard does not reach ${selector}`);
  }

  focused() {
    return this.page.evaluate(() => document.activeElement.id);
  }
}
