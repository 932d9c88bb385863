/** (state, event) → state. Pure: no clock, no browser, no chance. */
import { type CoreState, NO_ROOM, OUT_OF_ROOM, without } from './core';
import type { AppEvent } from './events';
import { reduceIdentity } from './reduce_identity';
import { reduceJoined, reduceServer, withNotice, withPeer } from './reduce_room';
import * as words from './words';

const LOST_DEVICE = { audio: words.MICROPHONE_LOST, video: words.CAMERA_LOST } as const;

function reduceDevices(state: CoreState, event: AppEvent & { type: 'devices' }): CoreState {
  let next: CoreState = { ...state, devices: event.devices };
  if (state.page !== 'call') return next;
  for (const kind of ['audio', 'video'] as const) {
    const broke = event.devices[kind].status === 'problem' && state.devices[kind].status !== 'problem';
    if (broke) next = withNotice(next, LOST_DEVICE[kind], 'warning');
  }
  return next;
}

export function reduce(state: CoreState, event: AppEvent): CoreState {
  switch (event.type) {
    case 'account':
    case 'account-unknown':
    case 'service':
    case 'account-page':
      return reduceIdentity(state, event);
    case 'home':
      return {
        ...without(state, 'ended', 'homeError', 'nameError'),
        ...OUT_OF_ROOM,
        ...NO_ROOM,
        page: 'home',
        room: '',
        link: '',
        creating: false,
      };
    case 'room':
      return {
        ...without(state, 'ended', 'homeError', 'nameError'),
        ...OUT_OF_ROOM,
        ...NO_ROOM,
        page: 'prejoin',
        room: event.room,
        link: event.link,
        creating: false,
      };
    case 'creating':
      return { ...without(state, 'homeError'), creating: event.on };
    case 'home-error':
      return { ...state, creating: false, homeError: event.text };
    case 'name':
      return { ...without(state, 'nameError'), name: event.name };
    case 'name-error':
      return { ...state, page: 'prejoin', joining: false, nameError: event.text };
    case 'devices':
      return reduceDevices(state, event);
    case 'signal':
      return { ...state, signal: event.signal };
    case 'joining':
      return { ...without(state, 'nameError', 'ended'), joining: event.on };
    case 'door':
      return { ...state, door: event.door };
    case 'entered':
      return {
        ...state,
        door: { state: 'open' },
        roomName: event.entered.name ?? '',
        lasting: event.entered.lasting,
        owner: event.entered.owner,
        knock: event.entered.knock,
      };
    case 'turned-away':
      return { ...without(state, 'ended'), ...OUT_OF_ROOM, page: 'prejoin' };
    case 'joined':
      return reduceJoined(state, event.message, event.keep);
    case 'server':
      return reduceServer(state, event.message);
    case 'peer-lost':
      return reduceServer(state, {
        type: 'peer.left',
        seq: 0,
        participant: event.participant,
        reason: 'timeout',
      });
    case 'knock-gone':
      return { ...state, knocks: state.knocks.filter((k) => k.participant !== event.participant) };
    case 'link':
      return withPeer(state, event.participant, () => ({ link: event.link }));
    case 'stream':
      return withPeer(state, event.participant, (p) => ({
        streamVersion: p.streamVersion + 1,
        hasVideo: false,
      }));
    case 'frame':
      return withPeer(state, event.participant, () => ({ hasVideo: true }));
    case 'ended':
      return { ...without(state, 'nameError'), ...OUT_OF_ROOM, page: 'ended', ended: event.reason };
    case 'notice':
      return withNotice(state, event.text, event.kind);
    case 'dismiss':
      return { ...state, notices: state.notices.filter((n) => n.id !== event.id) };
  }
}
