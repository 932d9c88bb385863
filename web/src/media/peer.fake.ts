/** Two peers, with everything between them under the test's hand: nothing arrives until deliver() is called. */
import { FakeTimers } from '../protocol/timers.fake';
import { Peer } from './peer';
import type { LinkState, PeerSignal } from './port';
import { FakeConnection, FakeStream } from './rtc.fake';

export class Side {
  readonly connections: FakeConnection[] = [];
  readonly links: LinkState[] = [];
  readonly marks: string[] = [];
  readonly faults: string[] = [];
  readonly peer: Peer;
  outbox: PeerSignal[] = [];
  restartsAsked = 0;
  streams = 0;

  constructor(polite: boolean, timers: FakeTimers, tracks: { audio?: unknown; video?: unknown } = {}) {
    this.peer = new Peer(
      {
        createConnection: (configuration) => {
          const made = new FakeConnection(configuration);
          this.connections.push(made);
          return made as unknown as RTCPeerConnection;
        },
        createStream: (list) => new FakeStream(list) as unknown as MediaStream,
        after: timers.after,
        mark: (name) => this.marks.push(name),
      },
      {
        polite,
        iceServers: [],
        tracks: {
          audio: (tracks.audio ?? null) as MediaStreamTrack | null,
          video: (tracks.video ?? null) as MediaStreamTrack | null,
        },
      },
      {
        send: (signal) => this.outbox.push(signal),
        link: (link) => this.links.push(link),
        stream: () => this.streams++,
        needsRestart: () => this.restartsAsked++,
        fault: (why) => this.faults.push(why),
      },
    );
  }

  get pc(): FakeConnection {
    const pc = this.connections.at(-1);
    if (!pc) throw new Error('no connection');
    return pc;
  }

  get kinds(): string[] {
    return this.outbox.map((s) => ('description' in s ? s.description.type : 'candidate'));
  }

  /** Everything that can happen without news from outside has happened. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Carry what each has said to the other, and the answers, until both are quiet. */
export async function deliver(...sides: [Side, Side]): Promise<void> {
  for (let quiet = false, rounds = 0; !quiet; rounds++) {
    if (rounds > 50) throw new Error('the two sides do not come to an end');
    for (const side of sides) await side.settle();
    const [a, b] = sides.map((side) => side.outbox.splice(0));
    quiet = a?.length === 0 && b?.length === 0;
    for (const signal of a ?? []) sides[1].peer.receive(signal);
    for (const signal of b ?? []) sides[0].peer.receive(signal);
  }
}

export function pair(): { a: Side; b: Side; timers: FakeTimers } {
  const timers = new FakeTimers();
  return { a: new Side(true, timers), b: new Side(false, timers), timers };
}

/** Two sides that are tied to each other: @b has made the offer. */
export async function connected(): Promise<{ a: Side; b: Side; timers: FakeTimers }> {
  const both = pair();
  both.b.peer.offer();
  await deliver(both.a, both.b);
  for (const side of [both.a, both.b]) side.pc.become('connected');
  return both;
}

/** Whether the two current connections have agreed with each other, and on two media. */
export function agree(a: Side, b: Side): boolean {
  const crossed = (x: Side, y: Side) => x.pc.remoteDescription?.sdp === y.pc.localDescription?.sdp;
  const stable = [a, b].every((s) => s.pc.signalingState === 'stable');
  const two = [a, b].every((s) => s.pc.localDescription?.sdp.match(/^m=/gm)?.length === 2);
  return stable && two && crossed(a, b) && crossed(b, a);
}
