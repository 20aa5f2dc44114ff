/** The dashboard as used by an administrator. */

export const KEY = 'a-key-of-the-tests-of-the-dashboard';

export class Dashboard {
  constructor(page) {
    this.page = page;
  }

  /** The page, not signed in. */
  static async open(t, browser, url, options) {
    return new Dashboard(await browser.page(t, `${url}/dashboard`, options));
  }

  static async signedIn(t, browser, url, options) {
    const dashboard = await Dashboard.open(t, browser, url, options);
    await dashboard.signIn();
    await dashboard.reaches('live');
    await dashboard.row('connections', 'dashboard-').waitFor();
    return dashboard;
  }

  async signIn(key = KEY) {
    await this.page.fill('#key', key);
    await this.page.press('#key', 'Enter');
  }

  /** signed-out, waiting or live */
  reaches(state) {
    return this.page.waitForSelector(`body[data-state="${state}"]`);
  }

  /** The row whose first cell has that text. */
  row(table, text) {
    return this.page.locator(`#${table} tbody tr`, { has: this.page.locator('th', { hasText: text }) });
  }

  /** The first cells of a table, from the top. */
  names(table) {
    return this.page.locator(`#${table} tbody th`).allTextContents();
  }

  /** Waits until the first row has that name. */
  async seesFirst(table, name, timeout) {
    const first = this.page.locator(`#${table} tbody tr:first-child th`);
    await first.getByText(name, { exact: true }).waitFor({ timeout });
  }

  /** A line's current value in a plot's legend. */
  async value(plot, line) {
    const item = this.page.locator(`[data-plot="${plot}"] li`, { hasText: line });
    return item.locator('b').innerText();
  }

  /** The pixels of a plot. */
  picture(plot) {
    return this.page.locator(`[data-plot="${plot}"] canvas`).evaluate((canvas) => canvas.toDataURL());
  }

  /** The accessible name of the focused element. */
  focused({ ring = true } = {}) {
    return this.page.evaluate((needsRing) => {
      const { activeElement: at } = document;
      const isShown = at === document.body || getComputedStyle(at).outlineStyle !== 'none';
      if (needsRing && !isShown) throw new Error(`no focus ring on ${at.outerHTML.slice(0, 80)}`);
      return at.getAttribute('aria-label') ?? (at.labels?.[0] ?? at).textContent.trim();
    }, ring);
  }

  /** Moves the focus only by Tab. */
  async tabTo(name) {
    for (let i = 0; i < 80; i += 1) {
      await this.page.keyboard.press('Tab');
      if ((await this.focused()).startsWith(name)) return;
    }
    throw new Error(`the keyboard does not reach ${name}`);
  }
}
