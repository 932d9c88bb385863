/** The dialogs of the call: people and the door, devices, keyboard. */
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { Avatar } from '../parts/avatar';
import { DeviceSelects } from '../parts/device-selects';
import { isOn } from '../parts/device-toggle';
import { Dialog } from '../parts/dialog';
import { Problems } from '../parts/problems';
import { text } from '../text';
import { openDialog, setShortcuts, shortcutsOn } from '../view-state';
import { InviteLink } from './alone';

interface PersonProps {
  name: string;
  shown: string;
  host: boolean;
  audio: boolean;
  video: boolean;
}

function Person({ name, shown, host, audio, video }: PersonProps) {
  return (
    <li class="person">
      <Avatar name={name} small />
      <span class="person-name">
        <bdi>{shown}</bdi>
        {host && <span class="tag">{text.host}</span>}
      </span>
      {!audio && (
        <span class="person-off" title={text.people.micOff}>
          <Icon name="micOff" size={20} />
          <span class="visually-hidden">{text.people.micOff}</span>
        </span>
      )}
      {!video && (
        <span class="person-off" title={text.people.cameraOff}>
          <Icon name="camOff" size={20} />
          <span class="visually-hidden">{text.people.cameraOff}</span>
        </span>
      )}
    </li>
  );
}

function KnockSwitch() {
  const { host, knock } = useAppState();
  const actions = useActions();
  if (!host)
    return <p class="dialog-note">{knock ? text.people.knockOnMember : text.people.knockOffMember}</p>;
  return (
    <label class="switch">
      <span>
        <span class="switch-title">{text.people.knock}</span>
        <span class="switch-hint">{text.people.knockHint}</span>
      </span>
      <input
        type="checkbox"
        role="switch"
        data-testid="knock-toggle"
        checked={knock}
        aria-checked={knock}
        onChange={(e) => actions.setKnock(e.currentTarget.checked)}
      />
    </label>
  );
}

function PeopleDialog() {
  const { name, host, peers, devices } = useAppState();
  return (
    <Dialog title={text.people.title} testid="people">
      <ul class="people">
        <Person
          name={name}
          shown={text.people.youName(name)}
          host={host}
          audio={isOn(devices.audio)}
          video={isOn(devices.video)}
        />
        {peers.map((p) => (
          <Person
            key={p.participant}
            name={p.name}
            shown={p.name}
            host={p.host}
            audio={p.audio}
            video={p.video}
          />
        ))}
      </ul>
      <KnockSwitch />
      <h3>{text.people.invite}</h3>
      <InviteLink testid="people-copy" />
    </Dialog>
  );
}

function SettingsDialog() {
  return (
    <Dialog title={text.settings.title} testid="settings">
      <Problems />
      <DeviceSelects />
    </Dialog>
  );
}

function ShortcutsDialog() {
  return (
    <Dialog title={text.shortcuts.title} testid="shortcuts">
      <dl class="keys">
        {text.shortcuts.rows.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((k) => (
                <kbd key={k}>{k}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="switch">
        <span class="switch-title">{text.shortcuts.use}</span>
        <input
          type="checkbox"
          role="switch"
          checked={shortcutsOn.value}
          aria-checked={shortcutsOn.value}
          onChange={(e) => setShortcuts(e.currentTarget.checked)}
        />
      </label>
    </Dialog>
  );
}

/** The dialog that is open, if any. The first two belong to the call. */
export function Dialogs() {
  const { page } = useAppState();
  if (openDialog.value === 'shortcuts') return <ShortcutsDialog />;
  if (page !== 'call') return null;
  if (openDialog.value === 'people') return <PeopleDialog />;
  if (openDialog.value === 'settings') return <SettingsDialog />;
  return null;
}
