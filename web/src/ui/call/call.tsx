/** The call: the others large, oneself small, the controls below. */
import { useAppState } from '../context';
import { Icon } from '../icons';
import { soundBlocked, unblockSound } from '../parts/media';
import { text } from '../text';
import { Alone } from './alone';
import { RemoteTile } from './remote-tile';
import { RoomChip } from './room-chip';
import { SelfTile } from './self-tile';
import { Toolbar } from './toolbar';

function HearButton() {
  if (!soundBlocked.value) return null;
  return (
    <div class="hear">
      <button type="button" class="button button-main button-large" data-testid="hear" onClick={unblockSound}>
        <Icon name="speaker" />
        {text.call.hear}
      </button>
      <p>{text.call.hearHint}</p>
    </div>
  );
}

export function Call() {
  const { peers } = useAppState();
  const alone = peers.length === 0;
  return (
    <main class="call" data-testid="call">
      <h1 class="visually-hidden" tabIndex={-1}>
        {text.call.title}
      </h1>
      <div class="stage">
        <div class="grid" data-count={Math.min(peers.length, 9)}>
          {peers.map((p) => (
            <RemoteTile key={p.participant} peer={p} />
          ))}
        </div>
        <SelfTile full={alone} />
        <RoomChip />
        {alone && <Alone />}
        <HearButton />
      </div>
      <Toolbar />
    </main>
  );
}
