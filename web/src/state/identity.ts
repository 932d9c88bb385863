/**
 * Who is signed in on this page, and the pages that change it. The answer comes from the server, in its own time: the
 * pages of a call never wait for it.
 */
import { Api } from '../protocol/api';
import { serviceInfo, signOut, whoIsSignedIn } from '../protocol/identity';
import type { Store } from './events';
import type { Surroundings } from './ports';
import { isOwn, isPlace, tokenOf, wantsToken } from './routes';
import type { Account, AccountPage } from './types';
import * as words from './words';

const NEXT = 'parley.next';

/** There is nothing to do for somebody who is signed in. */
const FOR_STRANGERS: readonly AccountPage[] = ['signin', 'signup', 'forgot'];

export interface IdentityHost {
  readonly store: Store;
  readonly around: Surroundings;
  /** Another address in place of this one. */
  replace(path: string): void;
  /** It is known, or has become known anew, who is signed in. */
  known(account: Account | null): void;
  /** The WebSocket is to be opened anew: the server looks at the cookie only then. */
  reconnect(): void;
}

export class Identity {
  readonly api: Api;
  readonly #host: IdentityHost;
  /** Answers to older questions do not count any more. */
  #asked = 0;

  constructor(host: IdentityHost) {
    this.#host = host;
    this.api = new Api(host.around.exchange, {
      fault: (why) => host.around.fault(why),
      notSignedIn: () => this.#expired(),
    });
  }

  /** Ask the server who we are. */
  async ask(): Promise<void> {
    const turn = ++this.#asked;
    const [who, service] = await Promise.all([
      whoIsSignedIn(this.api),
      this.#host.store.state.service ? undefined : serviceInfo(this.api),
    ]);
    if (service?.ok) this.#host.store.dispatch({ type: 'service', service: service.value });
    if (turn !== this.#asked) return;
    if (who.ok) this.#is(who.value);
    else this.#host.store.dispatch({ type: 'account-unknown' });
  }

  /** An account page has been opened. */
  open(page: AccountPage): void {
    const { around, store } = this.#host;
    const token = wantsToken(page) ? tokenOf(around.router.takeHash()) : '';
    store.dispatch({ type: 'account-page', page, token });
    this.#settle();
  }

  /** The form of a page has signed us in. */
  signedIn(account: Account): void {
    this.#asked++; // an answer that is still under way knows nothing of it
    this.#host.reconnect();
    this.#is(account);
    // Whoever only opens such a link stays there, signed in or not.
    if (this.#host.store.state.page === 'confirm') this.#host.replace(this.#takeNext());
  }

  changed(account: Account): void {
    this.#host.store.dispatch({ type: 'account', account });
  }

  async signOut(): Promise<void> {
    const answer = await signOut(this.api);
    // 401: it was over before.
    if (answer.ok || answer.fault.status === 401) this.gone();
    else this.#host.store.dispatch({ type: 'notice', text: words.NOT_SIGNED_OUT, kind: 'warning' });
  }

  /** The server does not know our session any more. */
  #expired(): void {
    if (!this.#host.store.state.account) return;
    this.#asked++;
    this.#host.reconnect();
    this.#host.store.dispatch({ type: 'notice', text: words.SESSION_OVER, kind: 'warning' });
    this.#is(null);
  }

  /** The session has ended, by our will. */
  gone(): void {
    this.#asked++;
    this.#forgetNext();
    this.#host.reconnect();
    this.#host.store.dispatch({ type: 'account', account: null });
    if (isOwn(this.#host.store.state.page)) this.#host.replace('/');
  }

  /** @next where to come back to. */
  signInFirst(next: string): void {
    if (isPlace(next)) this.#try((session) => session.setItem(NEXT, next));
  }

  #is(account: Account | null): void {
    this.#host.store.dispatch({ type: 'account', account });
    this.#host.known(account);
    this.#settle();
  }

  /** Send people on who are on a page that is not for them. */
  #settle(): void {
    const { page, account } = this.#host.store.state;
    if (account === undefined) return;
    if (account === null && isOwn(page)) {
      this.signInFirst(`/${page}`);
      this.#host.replace('/signin');
    } else if (account !== null && (FOR_STRANGERS as readonly string[]).includes(page)) {
      this.#host.replace(this.#takeNext());
    } else if (account !== null && page === 'setup') this.#host.replace('/');
  }

  #takeNext(): string {
    const next = this.#try((session) => session.getItem(NEXT)) ?? '/';
    this.#forgetNext();
    return isPlace(next) ? next : '/';
  }

  #forgetNext(): void {
    this.#try((session) => session.removeItem(NEXT));
  }

  #try<T>(use: (session: Surroundings['session']) => T): T | undefined {
    try {
      return use(this.#host.around.session);
    } catch (error) {
      this.#host.around.fault(`storage: ${String(error)}`);
      return undefined; // then one comes home after signing in
    }
  }
}
