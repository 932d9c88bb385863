/** The dialogs of the call: people and the door, devices, keyboard. */
import { useAppState } from '../context';
import { DeviceSelects } from '../parts/device-selects';
import { Dialog } from '../parts/dialog';
import { Problems } from '../parts/problems';
import { text } from '../text';
import { openDialog, setShortcuts, shortcutsOn } from '../view-state';
import { PeopleDialog } from './people';

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
