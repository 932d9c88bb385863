/** The controls of the call; always in sight. */
import { useActions, useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import { DeviceToggle } from '../parts/device-toggle';
import { text } from '../text';
import { type DialogName, openDialog } from '../view-state';

function DialogButton({
  name,
  icon,
  label,
  count,
}: {
  name: DialogName;
  icon: IconName;
  label: string;
  count?: number;
}) {
  return (
    <button
      type="button"
      class="tool"
      data-testid={`${name}-open`}
      aria-label={label}
      aria-haspopup="dialog"
      title={label}
      onClick={() => {
        openDialog.value = name;
      }}
    >
      <Icon name={icon} />
      {count !== undefined && (
        <span class="tool-count" aria-hidden="true">
          {count}
        </span>
      )}
    </button>
  );
}

export function Toolbar() {
  const { peers } = useAppState();
  const actions = useActions();
  return (
    <div class="toolbar" role="toolbar" aria-label={text.call.toolbar}>
      <DeviceToggle kind="audio" shortcut="m" />
      <DeviceToggle kind="video" shortcut="v" />
      <DialogButton name="settings" icon="sliders" label={text.call.settings} />
      <DialogButton name="people" icon="people" label={text.call.people} count={peers.length + 1} />
      <button
        type="button"
        class="tool"
        data-testid="copy-link"
        aria-label={text.copyLink}
        title={text.copyLink}
        onClick={() => actions.copyLink()}
      >
        <Icon name="link" />
      </button>
      <button
        type="button"
        class="tool tool-leave"
        data-testid="leave"
        aria-label={text.call.leave}
        title={text.call.leave}
        onClick={() => actions.leave()}
      >
        <Icon name="hangup" />
      </button>
    </div>
  );
}
