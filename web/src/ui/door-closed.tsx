/** In place of the form to join: why the door is shut, and what would open it. */
import { useState } from 'preact/hooks';
import { useActions, useAppState } from './context';
import { Icon } from './icons';
import { faultText } from './text-forms';
import { roomText } from './text-room';

export function DoorClosed() {
  const { door, room } = useAppState();
  const actions = useActions();
  const state = door.state === 'members' || door.state === 'locked' ? door.state : 'later';
  const [tried, setTried] = useState(false);
  const words = roomText.door[state];
  const busy = door.busy === true;
  const body = door.fault ? faultText(door.fault) : words.body;
  const act = () => {
    if (state === 'members') return actions.signInFirst(`/r/${room}`);
    setTried(true);
    if (!busy) actions.askDoor();
  };
  return (
    <section class="door-closed" data-testid="door" data-state={state} role="status">
      <span class="door-icon">
        <Icon name={state === 'members' ? 'person' : 'lock'} size={26} />
      </span>
      <h2>{words.title}</h2>
      <p>{tried && !busy && state === 'locked' ? roomText.door.stillClosed : body}</p>
      <button
        type="button"
        class="button button-main"
        data-testid="door-action"
        aria-disabled={busy}
        onClick={act}
      >
        {busy ? roomText.door.asking : words.action}
      </button>
    </section>
  );
}
