/** The other end of the client's sockets: what was sent over each, and messages back, numbered as the server does. */
import { SignalClient } from './client';
import type { ClientState, Credentials, WelcomeKind } from './events';
import type { ClientMessage, ServerMessage, Welcome } from './messages';
import { welcomeMessage } from './messages.fake';
import type { Socket, SocketEvents } from './socket';
import { FakeTimers } from './timers.fake';

type Sent = Record<string, unknown> & { readonly type: string };

export class FakeSocket implements Socket {
  readonly events: SocketEvents;
  readonly sent: Sent[] = [];
  closed = false;

  constructor(events: SocketEvents) {
    this.events = events;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  get last(): Sent | undefined {
    return this.sent.at(-1);
  }

  of(type: string): Sent[] {
    return this.sent.filter((m) => m.type === type);
  }
}

export class Bench {
  readonly timers = new FakeTimers();
  readonly sockets: FakeSocket[] = [];
  readonly states: ClientState[] = [];
  readonly welcomes: WelcomeKind[] = [];
  readonly messages: { message: ServerMessage; answered: ClientMessage | undefined }[] = [];
  readonly faults: string[] = [];
  readonly client: SignalClient;
  random = 0.5;
  /** Sockets cannot be made at all. */
  broken = false;
  seq = 0;

  constructor(saved?: Credentials) {
    this.client = new SignalClient({
      connect: (events) => {
        if (this.broken) throw new Error('forbidden');
        const socket = new FakeSocket(events);
        this.sockets.push(socket);
        return socket;
      },
      timers: this.timers,
      random: () => this.random,
      events: {
        state: (state) => this.states.push(state),
        welcome: (_, kind) => this.welcomes.push(kind),
        message: (message, answered) => this.messages.push({ message, answered }),
        fault: (why) => this.faults.push(why),
      },
    });
    this.client.start(saved);
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('nothing has been connected');
    return socket;
  }

  /** Answer the `hello` of the newest socket. */
  welcome(fields: Partial<Welcome> = {}): void {
    this.socket.events.open();
    this.answerHello(fields);
  }

  answerHello(fields: Partial<Welcome> = {}): void {
    const message = welcomeMessage({ re: this.helloId, ...fields });
    this.seq = message.seq;
    this.say(message);
  }

  get helloId(): number {
    return Number(this.socket.of('hello').at(-1)?.id);
  }

  /** A message with the next number. */
  tell(fields: Record<string, unknown>): void {
    this.say({ seq: ++this.seq, ack: 0, ...fields });
  }

  say(message: object): void {
    this.socket.events.message(JSON.stringify(message));
  }

  drop(code = 1006): void {
    this.socket.events.close(code);
  }

  /** Break the connection and resume it, the server having processed up to @lastId. */
  resume(lastId: number): void {
    this.drop();
    this.timers.pass(10_000);
    this.welcome({ resumed: true, last_id: lastId, seq: this.seq });
  }
}
