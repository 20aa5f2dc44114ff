/**
 * Sign-up, sign-in and sign-out on a server with accounts; names of other
 * users.
 */

import { expiryOf } from './peal.js';
import { make } from './chat-log.js';

const KEPT = 'peal-login';
const RENEW_BEFORE = 30_000; // ms before an access token ends

const FIELDS = {
  name: { label: 'Name', type: 'text', autocomplete: 'name', maxlength: 200 },
  email: { label: 'Email', type: 'email', autocomplete: 'username', maxlength: 254 },
  password: { label: 'Password', type: 'password', minlength: 8, maxlength: 1024 },
};

/**
 * @returns the response, or undefined if it is empty.
 * @throws the server's error message
 */
async function ask(path, { body, token, method = body ? 'POST' : 'GET' } = {}) {
  const headers = {};
  if (body) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? undefined : await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.error), { status: response.status });
}

export class Account {
  user = null; // the signed-in user
  #about = { accounts: false };
  #tokens = null;
  #renewal = null; // the promise of a running renewal
  #names = new Map(); // id -> name; null while requested or unknown
  #changed;

  /**
   * @param {() => void} changed called after sign-in, sign-out, or when a name
   *   is resolved
   */
  constructor(changed) {
    this.#changed = changed;
  }

  get isThere() {
    return this.#about.accounts;
  }

  get maySignUp() {
    return this.#about.sign_up === true;
  }

  /**
   * Checks whether the server has accounts, and restores a sign-in after a
   * reload.
   */
  async find() {
    try {
      this.#about = await ask('accounts.json');
      const login = sessionStorage.getItem(KEPT);
      sessionStorage.removeItem(KEPT); // single use: a duplicated window must not use it
      this.#keepWhileAway();
      if (login && this.isThere) await this.#enter(await ask('token', { body: { refresh_token: login } }));
    } catch {
      // no accounts, or no longer signed in
    }
  }

  async signUp({ email, name, password }) {
    await ask('users', { body: { email, name, password } });
    await this.signIn({ email, password });
  }

  async signIn({ email, password }) {
    await this.#enter(await ask('login', { body: { email, password } }));
    this.#changed();
  }

  signOut() {
    ask('logout', { body: { refresh_token: this.#tokens.refresh_token } }).catch(() => {}); // it expires anyway
    this.#leave();
  }

  /**
   * The token for peal.js, renewed in the background shortly before it expires.
   */
  token = async () => {
    const left = expiryOf(this.#tokens.access_token) - Date.now();
    if (left > RENEW_BEFORE) return this.#tokens.access_token;
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    await this.#renewal;
    return this.#tokens.access_token;
  };

  /** The display name of a client; an unknown name is requested once. */
  nameOf(client) {
    if (client === this.user?.id) return this.user.name;
    const known = this.#names.get(client);
    if (known === undefined && this.user && this.#about.directory && /^[0-9a-f-]{36}$/.test(client)) this.#look(client);
    return typeof known === 'string' ? known : client;
  }

  async #look(client) {
    this.#names.set(client, null);
    try {
      const { name } = await ask(`users/${client}`, { token: await this.token() });
      this.#names.set(client, name);
      this.#changed();
    } catch {
      // no account: show the id
    }
  }

  async #enter(tokens) {
    this.#tokens = tokens;
    this.user = await ask('me', { token: tokens.access_token });
  }

  async #renew() {
    try {
      this.#tokens = await ask('token', { body: { refresh_token: this.#tokens.refresh_token } });
    } catch (error) {
      if (error.status === 401) this.#leave();
      throw error;
    }
  }

  #leave() {
    this.user = null;
    this.#tokens = null;
    this.#changed();
  }

  #keepWhileAway() {
    for (const type of ['pagehide', 'freeze']) {
      addEventListener(type, () => this.#tokens && sessionStorage.setItem(KEPT, this.#tokens.refresh_token), true);
    }
    for (const type of ['pageshow', 'resume']) addEventListener(type, () => sessionStorage.removeItem(KEPT), true);
  }
}

function field(id, { label, ...attributes }) {
  const input = Object.assign(make('input'), { id: `account-${id}`, name: id, required: true });
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  const caption = make('label', '', label);
  caption.htmlFor = input.id;
  return [caption, input];
}

/** The dialog, and the button in the sidebar that opens it or signs out. */
export class AccountDialog {
  #account;
  #isNew = false; // sign-up rather than sign-in
  #dialog = make('dialog');
  #form = make('form');
  #title = make('h2');
  #wrong = make('p', 'wrong');
  #other = make('button', 'quiet');
  #submit = make('button');
  #button = make('button', 'quiet account');

  constructor(account, rail) {
    this.#account = account;
    this.#wrong.setAttribute('role', 'alert');
    this.#dialog.id = 'account-dialog';
    this.#title.id = 'account-title';
    this.#dialog.setAttribute('aria-labelledby', 'account-title');
    this.#button.id = 'account';
    this.#button.type = 'button';
    this.#other.type = 'button';
    this.#submit.type = 'submit';
    this.#dialog.append(this.#form);
    this.#button.addEventListener('click', () => (account.user ? account.signOut() : this.open()));
    this.#other.addEventListener('click', () => this.#show(!this.#isNew));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    rail.append(this.#button);
    document.body.append(this.#dialog);
    this.show();
  }

  /** Updates the button. */
  show() {
    this.#button.hidden = !this.#account.isThere;
    this.#button.textContent = this.#account.user ? 'Sign out' : 'Sign in';
  }

  open() {
    if (this.#dialog.open) return;
    this.#show(false);
    this.#dialog.showModal();
  }

  #show(isNew) {
    this.#isNew = isNew;
    this.#title.textContent = isNew ? 'Sign up' : 'Sign in';
    this.#submit.textContent = this.#title.textContent;
    this.#other.textContent = isNew ? 'I have an account' : 'Create an account';
    this.#other.hidden = !this.#account.maySignUp;
    this.#wrong.textContent = '';
    const names = isNew ? ['name', 'email', 'password'] : ['email', 'password'];
    const secret = { autocomplete: isNew ? 'new-password' : 'current-password' };
    const buttons = make('p', 'buttons');
    const cancel = Object.assign(make('button', 'quiet', 'Cancel'), { type: 'button' });
    cancel.addEventListener('click', () => this.#dialog.close());
    buttons.append(cancel, this.#other, this.#submit);
    this.#form.replaceChildren(
      this.#title,
      ...names.flatMap((name) => field(name, { ...FIELDS[name], ...(name === 'password' && secret) })),
      this.#wrong,
      buttons,
    );
    this.#form.querySelector('input').focus();
  }

  async #send() {
    const given = Object.fromEntries(new FormData(this.#form));
    this.#submit.disabled = true;
    try {
      await (this.#isNew ? this.#account.signUp(given) : this.#account.signIn(given));
      this.#dialog.close();
    } catch (error) {
      this.#wrong.textContent = `${error.message}.`;
    } finally {
      this.#submit.disabled = false;
    }
  }
}
