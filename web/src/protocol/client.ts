/**
 * The client side of a signalling session: one WebSocket at a time, opened at once and opened again whenever it
 * breaks, so that the session outlives its connections.
 *
 * Invariants: what is given to send() reaches the server once or is dropped together with its session; messages
 * are handed up in the order of their `seq`, each once. A hole in the numbers ends the connection, and resuming
 * fills it.
 */
import type { ClientEvents, ClientState, Credentials, WelcomeKind } from './events';
import { Inbox } from './inbox';
import { type ClientMessage, parseServerMessage, type ServerMessage, type Welcome } from './messages';
import { Outbox } from './outbox';
import { utf8Bytes } from './room';
import type { Connect, Random, Socket, Timers } from './socket';
import { Backoff, Pacer, PING_MS, PONG_MS, RATE_LIMITED_MS, Slot, STABLE_MS, WELCOME_MS } from './timing';

export interface ClientOptions {
  readonly connect: Connect;
  readonly timers: Timers;
  readonly random: Random;
  readonly events: ClientEvents;
}

const CLOSE_REPLACED = 4001;
const CLOSE_SIGNED_OUT = 4002;
const CLOSE_RATE_LIMIT = 1008;

export class SignalClient {
  readonly #connect: Connect;
  readonly #timers: Timers;
  readonly #events: ClientEvents;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #backoff: Backoff;
  readonly #pacer: Pacer;
  readonly #deadline: Slot; // to connect, later to answer a ping
  readonly #pingTimer: Slot;
  readonly #retryTimer: Slot;
  readonly #flushTimer: Slot;
  #socket: Socket | undefined;
  #attempt: object | undefined;
  #state: ClientState = 'connecting';
  #opened = false; // the WebSocket is open; `welcome` may still be missing
  #helloId = 0;
  #resume: (Credentials & { fresh: boolean }) | undefined;
  #lost = false;
  #maxBytes = Number.POSITIVE_INFINITY;
  #welcomeAt = 0;

  constructor(options: ClientOptions) {
    const { timers } = options;
    this.#connect = options.connect;
    this.#timers = timers;
    this.#events = options.events;
    this.#inbox = new Inbox(timers, () => this.#ack());
    // The wall clock as the first id: a reloaded page goes on above the ids that the old page has used.
    this.#outbox = new Outbox(timers.now());
    this.#backoff = new Backoff(options.random);
    this.#pacer = new Pacer(timers);
    this.#deadline = new Slot(timers);
    this.#pingTimer = new Slot(timers);
    this.#retryTimer = new Slot(timers);
    this.#flushTimer = new Slot(timers);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** What another page needs to take this session over; undefined before the first `welcome`. */
  get credentials(): Credentials | undefined {
    return this.#resume && { session: this.#resume.session, token: this.#resume.token };
  }

  /** Connect. @param saved the session of this page before it was reloaded. */
  start(saved?: Credentials): void {
    if (saved) this.#resume = { ...saved, fresh: true };
    this.#open();
  }

  /** After `replaced` or `signed_out`, or to speak for an account just signed in to: begin again with a new session. */
  restart(): void {
    this.#resume = undefined;
    this.#lost = false;
    this.#outbox.clear();
    this.#drop();
    this.#setState('connecting');
    this.#open();
  }

  /** Send now, or as soon as there is a connection. */
  send(message: ClientMessage): void {
    this.#outbox.add(message);
    this.#flush();
  }

  /** The network may have changed: connect at once, or find out quickly whether the connection is still alive. */
  poke(): void {
    if (this.#retryTimer.busy) this.#open();
    else if (this.#state === 'open') this.#ping();
  }

  /** The page comes back from the browser's cache: whatever the socket says, it is not to be trusted. */
  reconnect(): void {
    if (['replaced', 'signed_out', 'failed'].includes(this.#state)) return;
    this.#drop();
    this.#setState('reconnecting');
    this.#open();
  }

  /** The page goes away. */
  closing(): void {
    if (this.#state === 'open') this.#write({ type: 'closing', id: this.#outbox.takeId() });
  }

  #setState(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.state(state);
  }

  #open(): void {
    this.#drop();
    // Each attempt has its own flag: a socket that was given up may still call, and is not heard.
    const mine = () => this.#attempt === attempt;
    const attempt = {};
    this.#attempt = attempt;
    try {
      this.#socket = this.#connect({
        open: () => mine() && this.#onOpen(),
        message: (data) => mine() && this.#onMessage(data),
        close: (code) => mine() && this.#onClose(code),
      });
    } catch (error) {
      this.#events.fault(`no WebSocket: ${String(error)}`);
      this.#drop();
      this.#setState('failed');
      return;
    }
    this.#deadline.set(WELCOME_MS, () => this.#giveUp('no welcome in time'));
  }

  #drop(): void {
    for (const slot of [this.#deadline, this.#pingTimer, this.#retryTimer, this.#flushTimer]) slot.clear();
    this.#inbox.pause();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#attempt = undefined;
    this.#opened = false;
    socket?.close(1000, '');
  }

  #giveUp(why: string): void {
    this.#events.fault(why);
    this.#onClose(1006);
  }

  #onClose(code: number): void {
    const wasOpen = this.#state === 'open';
    this.#drop();
    if (code === CLOSE_REPLACED) {
      this.#setState('replaced');
      return;
    }
    if (code === CLOSE_SIGNED_OUT) {
      this.#resume = undefined;
      this.#outbox.clear();
      this.#setState('signed_out');
      return;
    }
    if (wasOpen && this.#timers.now() - this.#welcomeAt >= STABLE_MS) this.#backoff.reset();
    const delay = Math.max(this.#backoff.next(), code === CLOSE_RATE_LIMIT ? RATE_LIMITED_MS : 0);
    this.#retryTimer.set(delay, () => this.#open());
    if (wasOpen || this.#resume) this.#setState('reconnecting');
  }

  #onOpen(): void {
    this.#opened = true;
    this.#hello();
  }

  #hello(): void {
    this.#helloId = this.#outbox.takeId();
    const message = { type: 'hello', id: this.#helloId };
    if (!this.#resume) this.#write(message);
    else {
      const { session, token, fresh } = this.#resume;
      const last = { session, token, last_seq: this.#inbox.last };
      this.#write({ ...message, resume: fresh ? { ...last, fresh } : last });
    }
  }

  #onMessage(data: unknown): void {
    if (this.#state === 'open') this.#alive();
    const parsed = parseServerMessage(data);
    if (!parsed.ok) {
      this.#events.fault(`message refused: ${parsed.why}`);
      if (this.#state === 'open' && parsed.seq !== undefined) this.#accept(parsed.seq, parsed.ack);
      return;
    }
    const { message } = parsed;
    if (this.#state !== 'open') {
      this.#beforeWelcome(message);
      return;
    }
    const answered = message.re === undefined ? undefined : this.#outbox.find(message.re);
    if (this.#accept(message.seq, message.ack) && message.type !== 'pong')
      this.#events.message(message, answered);
  }

  #beforeWelcome(message: ServerMessage): void {
    if (message.type === 'welcome') this.#onWelcome(message);
    else if (message.type === 'error' && message.code === 'session_unknown' && this.#resume) {
      this.#resume = undefined;
      this.#lost = true;
      this.#hello();
    } else this.#events.message(message, undefined);
  }

  #onWelcome(message: Welcome): void {
    const kind: WelcomeKind = message.resumed ? 'resumed' : this.#lost || this.#resume ? 'lost' : 'new';
    this.#resume = { session: message.session, token: message.token, fresh: false };
    this.#lost = false;
    this.#inbox.start(message.seq);
    this.#maxBytes = message.limits.message_bytes;
    this.#welcomeAt = this.#timers.now();
    if (kind === 'lost') this.#outbox.clear();
    this.#outbox.resume(message.last_id);
    this.#pacer.start(message.limits.messages_per_s);
    this.#alive();
    this.#setState('open');
    this.#events.welcome(message, kind);
    this.#flush();
  }

  /** false: seen before, or after a hole; such a message is not handed up. */
  #accept(seq: number, ack: number | undefined): boolean {
    const place = this.#inbox.judge(seq);
    if (place === 'hole') {
      this.#events.fault(`messages ${this.#inbox.last + 1} to ${seq - 1} are missing`);
      this.reconnect();
    }
    if (place !== 'next') return false;
    if (ack !== undefined) this.#outbox.confirm(ack);
    this.#inbox.accept(seq);
    return true;
  }

  #ack(): void {
    if (this.#inbox.owesAck) this.#write({ type: 'ack' });
  }

  /** Something came: the connection lives. Ask again later. */
  #alive(): void {
    this.#deadline.clear();
    this.#pingTimer.set(PING_MS, () => this.#ping());
  }

  #ping(): void {
    if (this.#deadline.busy) return; // one is under way
    this.#deadline.set(PONG_MS, () => this.#giveUp('no answer to a ping'));
    this.#write({ type: 'ping', id: this.#outbox.takeId() });
  }

  #flush(): void {
    if (this.#state !== 'open' || this.#flushTimer.busy) return;
    while (this.#outbox.hasUnsent) {
      const wait = this.#pacer.take();
      if (wait > 0) {
        this.#flushTimer.set(wait, () => this.#flush());
        return;
      }
      const item = this.#outbox.next();
      if (item) this.#write({ ...item.message, id: item.id });
    }
  }

  #write(message: object): void {
    if (!this.#opened || !this.#socket) return;
    const text = JSON.stringify({ ...message, ...this.#inbox.takeAck() });
    if (text.length * 3 > this.#maxBytes && utf8Bytes(text) > this.#maxBytes) {
      // Sending it would cost the connection (1009), and again after each reconnect.
      this.#events.fault('a message longer than the server takes was not sent');
      return;
    }
    this.#socket.send(text);
  }
}
