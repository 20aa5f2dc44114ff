/** The dashboard as an administrator sees it. */

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

  /** Waits until a row with that name stands first. */
  async seesFirst(table, name, timeout) {
    const first = this.page.locator(`#${table} tbody tr:first-child th`);
    await first.getByText(name, { exact: true }).waitFor({ timeout });
  }

  /** What a plot's legend says of a line now. */
  async value(plot, line) {
    const item = this.page.locator(`[data-plot="${plot}"] li`, { hasText: line });
    return item.locator('b').innerText();
  }

  /** The pixels of a plot. */
  picture(plot) {
    return this.page.locator(`[data-plot="${plot}"] canvas`).evaluate((canvas) => canvas.toDataURL());
  }

  /** What has the focus, by its name for those who do not see it. */
  focused({ ring = true } = {}) {
    return this.page.evaluate((needsRing) => {
      const { activeElement: at } = document;
      const isShown = at === document.body || getComputedStyle(at).outlineStyle !== 'none';
      if (needsRing && !isShown) throw new Error(`no focus ring on ${at.outerHTML.slice(0, 80)}`);
      return at.getAttribute('aria-label') ?? (at.labels?.[0] ?? at).textContent.trim();
    }, ring);
  }

  /** By Tab alone. */
  async tabTo(name) {
    for (let i = 0; i < 80; i += 1) {
      await this.page.keyboard.press('Tab');
      if ((await this.focused()).startsWith(name)) return;
    }
    throw new Error(`the keyboard does not reach ${name}`);
  }
}
