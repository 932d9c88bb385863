/** Who is signed in, at the top of the page: a menu, or the ways to sign in. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Account } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import { text } from '../text';
import { Avatar } from './avatar';
import { Link } from './link';

/** Closed by Escape, by a click beside it and when the focus leaves; Escape gives the focus back to the button. */
function useDisclosure() {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const beside = (e: Event) => {
      if (e.target instanceof Node && !box.current?.contains(e.target)) setOpen(false);
    };
    const key = (e: KeyboardEvent) => {
      if (e.key !== 'Escape') return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', beside);
    document.addEventListener('focusin', beside);
    document.addEventListener('keydown', key);
    return () => {
      document.removeEventListener('pointerdown', beside);
      document.removeEventListener('focusin', beside);
      document.removeEventListener('keydown', key);
    };
  }, [open]);
  return { open, setOpen, box, button };
}

interface Item {
  readonly to: string;
  readonly icon: IconName;
  readonly label: string;
  readonly testid: string;
}

const items = (account: Account): readonly Item[] => [
  { to: '/rooms', icon: 'door', label: text.who.rooms, testid: 'who-rooms' },
  { to: '/account', icon: 'person', label: text.who.account, testid: 'who-account' },
  ...(account.role === 'admin'
    ? [{ to: '/admin', icon: 'sliders' as const, label: text.who.admin, testid: 'who-admin' }]
    : []),
];

function Menu({ account }: { account: Account }) {
  const actions = useActions();
  const { open, setOpen, box, button } = useDisclosure();
  const list = useId();
  return (
    <div class="who" ref={box}>
      <button
        ref={button}
        type="button"
        class="who-button"
        data-testid="who"
        aria-expanded={open}
        aria-controls={list}
        aria-label={text.who.menu(account.name)}
        onClick={() => setOpen(!open)}
      >
        <Avatar name={account.name} small />
        <bdi class="who-name">{account.name}</bdi>
        <Icon name="chevron" size={18} />
      </button>
      <div id={list} class="who-menu" data-testid="who-menu" hidden={!open}>
        <p class="who-head">
          <bdi class="strong">{account.name}</bdi>
          <bdi class="who-email">{account.email}</bdi>
        </p>
        <ul>
          {items(account).map(({ to, icon, label, testid }) => (
            <li key={to}>
              <Link
                to={to}
                class="who-item"
                testid={testid}
                onGo={() => {
                  setOpen(false);
                  actions.go(to);
                }}
              >
                <Icon name={icon} size={20} />
                {label}
              </Link>
            </li>
          ))}
          <li>
            <button
              type="button"
              class="who-item"
              data-testid="who-signout"
              onClick={() => {
                setOpen(false);
                actions.signOut();
              }}
            >
              <Icon name="signout" size={20} />
              {text.who.signOut}
            </button>
          </li>
        </ul>
      </div>
    </div>
  );
}

function Ways() {
  const { page, service } = useAppState();
  return (
    <nav class="who-ways" aria-label={text.who.ways}>
      {page !== 'signin' && (
        <Link to="/signin" class="button button-small button-plain" testid="who-signin">
          {text.who.signIn}
        </Link>
      )}
      {page !== 'signup' && service?.accounts.signup === 'open' && (
        <Link to="/signup" class="button button-small" testid="who-signup">
          {text.who.signUp}
        </Link>
      )}
    </nav>
  );
}

/** Nothing until the server has said who it is: else "Sign in" would flash up for those who are. */
export function Who() {
  const { account, accountUnknown } = useAppState();
  if (account) return <Menu account={account} />;
  return account === null || accountUnknown ? <Ways /> : null;
}
