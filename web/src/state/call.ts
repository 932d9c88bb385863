/**
 * One person's way into a room and out again, as signalling and media see it.
 *
 * `phase` is where we want to be; the state follows as the server agrees: out → joining → in, or joining →
 * waiting → in. `resuming` is a page that was reloaded in a call and does not know yet whether it goes on.
 */
import type { DeviceKind, MediaPort, PeerLink } from '../media/port';
import type { ClientEvents, ClientState, WelcomeKind } from '../protocol/events';
import type {
  ClientMessage,
  MediaFlags,
  ServerMessage,
  ServerMessageOf,
  Welcome,
} from '../protocol/messages';
import { endedReason, endReasonOf, refusalText } from './answers';
import { type Door, isDoorCode } from './door';
import type { Store } from './events';
import { IceServers } from './ice';
import { Peers } from './peers';
import { Place } from './place';
import type { SignalPort, Surroundings } from './ports';
import type { Memory, SavedCall, Seat } from './saved';
import type { EndReason } from './types';
import { NAME_CHARACTERS } from './words';

type Phase = 'out' | 'resuming' | 'joining' | 'waiting' | 'in';
type ErrorMessage = ServerMessageOf<'error'>;

/** The others may pass: another tab has the seat, or there may be room for us later. */
const SEAT_LOST: readonly EndReason[] = [
  'left',
  'refused',
  'knock-timeout',
  'room-unknown',
  'removed',
  'ended',
  'ended-by-host',
  'ended-by-admin',
  'room-deleted',
  'signed-out',
];

export class Call {
  readonly #store: Store;
  readonly #media: MediaPort;
  readonly #around: Surroundings;
  readonly #door: Door;
  readonly #place: Place;
  readonly #peers: Peers;
  readonly #ice: IceServers;
  readonly #signedOut: () => void;
  readonly signal: SignalPort;
  #phase: Phase = 'out';
  #mayOffer = true;
  #joinTurn = 0;
  #joinSent = false;
  /** `leave` is under way: what comes until it is answered belongs to the room before. */
  #leaving = false;
  /** The room at whose door we have been. */
  #knockedAt = '';
  /** The door was passed, `join` refused all the same, and the door asked again: once is enough. */
  #triedAgain = false;
  #said: MediaFlags = { audio: false, video: false };

  constructor(
    store: Store,
    media: MediaPort,
    around: Surroundings,
    memory: Memory,
    door: Door,
    connect: (events: ClientEvents) => SignalPort,
    signedOut: () => void,
  ) {
    this.#store = store;
    this.#media = media;
    this.#around = around;
    this.#door = door;
    this.#signedOut = signedOut;
    this.signal = connect({
      state: (state) => this.#onState(state),
      welcome: (message, kind) => this.#onWelcome(message, kind),
      message: (message, answered) => this.#onMessage(message, answered),
      fault: (why) => around.fault(why),
    });
    this.#place = new Place(store, memory, () => this.signal.credentials);
    this.#ice = new IceServers(around.timers, () => this.signal.send({ type: 'ice' }));
    this.#peers = new Peers({
      media,
      send: (to, body) => this.signal.send({ type: 'signal', ...(to === undefined ? {} : { to }), ...body }),
      dispatch: (event) => store.dispatch(event),
      timers: around.timers,
      needsRestart: (link) => this.#ice.whenFresh(link, () => link.restart()),
      fault: (why) => around.fault(why),
    });
  }

  get out(): boolean {
    return this.#phase === 'out';
  }

  peer(participant: string): PeerLink | undefined {
    return this.#peers.get(participant);
  }

  /**
   * @param mayOffer false: we have just made the room, and nobody can be there to answer.
   * @param seat one that this browser had in the room.
   * @param password what was typed at the door, if it asks for one.
   */
  enter(mayOffer: boolean, seat?: Seat, password?: string): void {
    this.#phase = 'joining';
    this.#mayOffer = mayOffer;
    this.#triedAgain = false;
    this.#place.ticket = seat?.ticket ?? '';
    this.#store.dispatch({ type: 'joining', on: true });
    void this.#door.through(password);
    if (this.signal.state === 'open') void this.#join();
  }

  /** The page was reloaded in this call. */
  resume({ ticket, credentials }: SavedCall): void {
    this.#phase = 'resuming';
    this.#place.ticket = ticket;
    this.#store.dispatch({ type: 'joining', on: true });
    this.signal.start(credentials);
  }

  /** The page before this one was in another room: end that at once, instead of when the server misses it. */
  abandon({ credentials }: SavedCall): void {
    this.signal.start(credentials);
    if (credentials) this.#leave();
  }

  /** Leave without a word to the person. */
  exit(): void {
    if (this.#joinSent || this.#phase === 'resuming') this.#leave();
    if (!this.out) this.#place.forgetSeat();
    this.#forget();
  }

  #leave(): void {
    this.#leaving = true;
    this.signal.send({ type: 'leave' });
  }

  /** The page goes away, perhaps for good. Of several tabs, the one that is closed last has its seat kept. */
  closing(): void {
    this.signal.closing();
    if (!this.out) this.#place.saveSeat();
  }

  /** Out of the room, for this reason. The server knows already, except for `left`. */
  end(reason: EndReason): void {
    if (reason === 'left') this.exit();
    else this.#forget();
    if (SEAT_LOST.includes(reason)) this.#place.forgetSeat();
    this.#media.local.stop();
    this.#store.dispatch({ type: 'ended', reason });
  }

  setTrack(kind: DeviceKind, track: MediaStreamTrack | null): void {
    this.#peers.setTrack(kind, track);
  }

  networkChanged(certain: boolean): void {
    this.signal.poke();
    this.#peers.networkChanged(certain);
  }

  /** Tell the others whether camera and microphone are on. */
  sayMedia(): void {
    const now = this.#flags();
    if (!this.#joinSent || (now.audio === this.#said.audio && now.video === this.#said.video)) return;
    this.#said = now;
    this.signal.send({ type: 'media', ...now });
  }

  #flags(): MediaFlags {
    const { audio, video } = this.#store.state.devices;
    return { audio: audio.status === 'on', video: video.status === 'on' };
  }

  #forget(): void {
    if (this.#joinSent && this.signal.state === 'open') this.#ice.renew();
    this.#phase = 'out';
    this.#joinTurn++;
    this.#joinSent = false;
    this.#peers.clear();
    this.#place.forgetCall();
    this.#media.local.keepMicrophone(false);
  }

  async #join(): Promise<void> {
    const turn = ++this.#joinTurn;
    const [pass, offer] = await Promise.all([
      this.#door.through(),
      this.#mayOffer && this.#peers.empty ? this.#peers.prepareOffer() : undefined,
    ]);
    if (turn !== this.#joinTurn) return; // left, or the connection broke and another attempt is under way
    if (pass === undefined) return this.#turnedAway();
    const { ticket } = this.#place;
    const { room, name } = this.#store.state;
    this.#said = this.#flags();
    this.signal.send({
      type: 'join',
      room,
      name: name.trim(),
      media: this.#said,
      ...(ticket === '' ? {} : { ticket }),
      ...(pass === '' ? {} : { pass }),
      ...(offer === undefined ? {} : { offer }),
    });
    this.#joinSent = true;
    this.#peers.joinSent();
    this.#place.save();
  }

  /** Back before the door; the page says what is the matter with it. */
  #turnedAway(): void {
    this.#forget();
    if (this.#store.state.page !== 'ended') this.#store.dispatch({ type: 'turned-away' });
  }

  #onState(state: ClientState): void {
    if (state === 'open') this.#media.timeline.mark('ws');
    this.#store.dispatch({ type: 'signal', signal: state });
    // The page that has taken the session over makes connections of its own.
    if (state === 'replaced' && !this.out) this.end('replaced');
    if (state === 'signed_out') {
      if (!this.out) this.end('signed-out');
      this.#signedOut();
    }
  }

  #onWelcome({ ice_servers, ice_expires_s, gap }: Welcome, kind: WelcomeKind): void {
    this.#newIceServers(ice_servers, ice_expires_s);
    // Of what was lost in a gap, the answer to `leave` may have been one; what comes instead is the newest state.
    if (kind !== 'resumed' || (gap && this.#joinSent)) this.#leaving = false;
    if (this.out) return;
    if (kind !== 'resumed') this.#joinSent = false;
    else if (this.#phase === 'resuming') this.#joinSent = true; // by the page before this one
    if (!this.#joinSent) void this.#join();
  }

  #newIceServers(servers: Welcome['ice_servers'], expiresS: number): void {
    this.#peers.setIceServers(servers);
    this.#ice.arrived(expiresS);
  }

  #onMessage(message: ServerMessage, answered: ClientMessage | undefined): void {
    if (message.type === 'left' || message.type === 'idle' || answered?.type === 'leave')
      this.#leaving = false;
    if (message.type === 'error') this.#onError(message, answered);
    else if (message.type === 'ice') this.#newIceServers(message.ice_servers, message.ice_expires_s);
    else if (!this.out && !this.#leaving) this.#onRoomMessage(message); // others have crossed our leaving
  }

  #onRoomMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        return this.#onJoined(message);
      case 'waiting':
        this.#onWaiting(message);
        break;
      case 'idle':
        return this.#onIdle();
      case 'refused':
        return this.end(message.reason === 'host' ? 'refused' : 'knock-timeout');
      case 'removed':
        return this.end('removed');
      case 'ended':
        return this.end(endedReason(message));
      case 'signal':
        return this.#peers.signal(message, this.#isHere(message.from));
      case 'ice.restart':
        return this.#peers.iceRestart(message.participant);
      case 'peer.joined':
        this.#store.dispatch({ type: 'server', message });
        return this.#peers.peerJoined(message.peer);
      case 'peer.back':
        this.#peers.back(message.participant, message.fresh === true);
        break;
      case 'peer.left':
        this.#peers.remove(message.participant);
        break;
      case 'ticket':
        return this.#newTicket(message.ticket);
      case 'host':
      case 'room.updated':
        this.#newTicket(message.ticket);
        break;
      case 'knock':
      case 'knock.gone':
      case 'peer.away':
      case 'peer.media':
        break;
      default:
        return; // of no concern to a call
    }
    this.#store.dispatch({ type: 'server', message });
  }

  #isHere(participant: string): boolean {
    return this.#store.state.peers.some((p) => p.participant === participant);
  }

  #newTicket(ticket: string | undefined): void {
    if (ticket !== undefined) this.#place.renew(ticket);
  }

  #onWaiting({ re }: ServerMessageOf<'waiting'>): void {
    const unasked = this.#phase === 'in' && re === undefined;
    if (unasked || !this.#peers.empty) this.#putOut();
    if (unasked) {
      this.#place.ticket = ''; // a newer one of somebody else's has shown that it counts no more
      this.#place.forgetSeat();
    }
    this.#phase = 'waiting';
    this.#knockedAt = this.#store.state.room;
    this.#place.save();
  }

  /** We were in, and have to be let in again: until then nothing of ours reaches the others. */
  #putOut(): void {
    this.#peers.clear();
    this.#media.local.keepMicrophone(false);
  }

  #onJoined(message: ServerMessageOf<'joined'>): void {
    // The same id although the server has lost its state: those who are not here yet will come back too.
    const sameSelf = message.self.participant === this.#store.state.self && message.snapshot !== true;
    this.#phase = 'in';
    this.#triedAgain = false;
    this.#newTicket(message.ticket);
    this.#media.local.keepMicrophone(true);
    const keep = this.#peers.joined(message, sameSelf);
    this.#store.dispatch({ type: 'joined', message, keep });
    this.sayMedia(); // it may have changed while the answer was under way
  }

  /** The server says that we are in no room. */
  #onIdle(): void {
    if (this.#phase === 'waiting') this.end('knock-timeout');
    else if (this.#phase === 'in') void this.#join();
    else if (this.#phase === 'resuming') {
      this.#forget();
      this.#store.dispatch({ type: 'joining', on: false });
    }
  }

  #onError(error: ErrorMessage, answered: ClientMessage | undefined): void {
    const { code, message } = error;
    const text = refusalText(answered, code);
    if (answered?.type === 'join') this.#onJoinError(error);
    else if (text !== undefined) {
      this.#store.dispatch({ type: 'notice', text, kind: 'warning' });
      if (answered && 'participant' in answered && code === 'no_participant')
        this.#store.dispatch({ type: 'knock-gone', participant: answered.participant });
    }
    // Before there is a session, only a full server matters to somebody who wants in.
    else if (code === 'server_full' && this.#phase === 'joining') this.end('server-full');
    else this.#around.fault(`${answered?.type ?? 'hello'}: ${code} ${message}`);
  }

  #onJoinError({ code, message }: ErrorMessage): void {
    if (this.out) return;
    if (code === 'bad_name') {
      this.#forget();
      this.#store.dispatch({ type: 'name-error', text: NAME_CHARACTERS });
    } else if (!this.#triedAgain && (isDoorCode(code) || code === 'room_unknown')) {
      this.#triedAgain = true;
      this.#joinSent = false;
      this.#door.stale();
      void this.#join();
    } else if (isDoorCode(code)) {
      this.#door.refused(code);
      this.#turnedAway();
    } else {
      this.#around.fault(`join: ${code} ${message}`);
      this.end(endReasonOf(code, this.#knockedAt === this.#store.state.room));
    }
  }
}
