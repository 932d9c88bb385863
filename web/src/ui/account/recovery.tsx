/** Recovery codes, shown once: to copy, to download, and to say that they are kept. */
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { profileText } from '../text-profile';

const words = profileText.codes;

function save(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = words.file;
  link.click();
  URL.revokeObjectURL(url);
}

export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const actions = useActions();
  const { account } = useAppState();
  const file = () =>
    [words.fileHead(account?.email ?? '', location.host), '', ...codes, '', words.fileFoot, ''].join('\n');
  return (
    <div class="secret" data-testid="recovery-codes">
      <h3 tabIndex={-1} ref={(el) => el?.focus()}>
        {words.title}
      </h3>
      <p>{words.lead}</p>
      <ul class="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="form-buttons">
        <button
          type="button"
          class="button button-small"
          data-testid="codes-copy"
          onClick={() => actions.copy(codes.join('\n'), words.copied)}
        >
          {words.copy}
        </button>
        <button
          type="button"
          class="button button-small"
          data-testid="codes-download"
          onClick={() => save(file())}
        >
          <Icon name="download" size={20} />
          {words.download}
        </button>
        <button
          type="button"
          class="button button-small button-main"
          data-testid="codes-done"
          onClick={onDone}
        >
          {words.done}
        </button>
      </div>
    </div>
  );
}
