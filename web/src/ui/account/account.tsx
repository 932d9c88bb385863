/** The page of one's own account. */
import { useRef } from 'preact/hooks';
import type { Account as AccountInfo } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import { Banner, Form, Loading, Problem, Submit, useForm } from '../parts/form';
import { Page } from '../parts/page';
import { formText } from '../text-forms';
import { profileText } from '../text-profile';
import { Card, checks, useAccounts } from './frame';
import { Passkeys } from './passkeys';
import { Profile, SigningIn } from './profile';
import { OwnPassword, ownPasswordFaults, Row, Section } from './section';
import { Sessions } from './sessions';
import { Tokens } from './tokens';
import { TwoFactor } from './two-factor';

const parts: readonly (readonly [id: string, title: string, icon: IconName])[] = [
  ['profile', profileText.profile.title, 'person'],
  ['signing-in', profileText.signin.title, 'mail'],
  ['second-step', profileText.factor.title, 'shield'],
  ['passkeys', profileText.passkeys.title, 'key'],
  ['sessions', profileText.sessions.short, 'device'],
  ['tokens', profileText.tokens.title, 'code'],
  ['data', profileText.data.title, 'download'],
];

function goTo(e: MouseEvent, id: string): void {
  e.preventDefault();
  const heading = document.getElementById(`${id}-title`);
  heading?.scrollIntoView({ block: 'start' });
  heading?.focus({ preventScroll: true });
}

function Contents() {
  return (
    <nav class="contents" aria-label={profileText.sections}>
      {parts.map(([id, title, icon]) => (
        <a key={id} href={`#${id}`} onClick={(e) => goTo(e, id)}>
          <Icon name={icon} size={20} />
          {title}
        </a>
      ))}
    </nav>
  );
}

function DeleteForm() {
  const words = profileText.data;
  const actions = useActions();
  const accounts = useAccounts();
  const form = useForm({
    fieldOf: ownPasswordFaults.fieldOf,
    words: { ...ownPasswordFaults.words, last_admin: words.lastAdmin },
    check: (values) => checks(values, { password: 'password' }),
    send: async (values) => {
      const fault = await accounts.remove(values.raw('password'));
      if (!fault) actions.accountDeleted();
      return fault;
    },
  });
  return (
    <Form form={form} testid="delete-form">
      <Problem form={form} />
      <Banner kind="problem">{words.removeSure}</Banner>
      <OwnPassword testid="delete-password" />
      <Submit form={form} kind="button-danger" testid="delete-submit" busyText={words.removing}>
        {words.remove}
      </Submit>
    </Form>
  );
}

function Data() {
  const words = profileText.data;
  return (
    <Section id="data" title={words.title}>
      <div class="row">
        <div class="row-head">
          <div class="row-words">
            <p class="row-title">{words.export}</p>
            <p class="row-value">{words.exportNote}</p>
          </div>
          <a class="button button-small" href="/api/v1/account/export" download data-testid="account-export">
            <Icon name="download" size={20} />
            {words.exportShort}
          </a>
        </div>
      </div>
      <Row
        title={words.remove}
        value={words.removeNote}
        label={words.removeShort}
        kind="button-warn"
        testid="account-delete"
      >
        {() => <DeleteForm />}
      </Row>
    </Section>
  );
}

function Parts({ account }: { account: AccountInfo }) {
  const reloadSessions = useRef<() => void>(null);
  return (
    <div class="account" data-testid="account">
      <h1 tabIndex={-1}>{profileText.title}</h1>
      <Contents />
      <div class="parts">
        <Profile account={account} />
        <SigningIn account={account} onSessions={() => reloadSessions.current?.()} />
        <TwoFactor account={account} />
        <Passkeys />
        <Sessions again={reloadSessions} />
        <Tokens account={account} />
        <Data />
      </div>
    </div>
  );
}

export function Account() {
  const { account, accountUnknown } = useAppState();
  const actions = useActions();
  if (!account && accountUnknown) {
    return (
      <Card
        title={profileText.title}
        lead={profileText.unknown}
        icon="warn"
        tone="warn"
        testid="account-unknown"
      >
        <button
          type="button"
          class="button button-main"
          data-testid="account-again"
          onClick={() => actions.askAccount()}
        >
          {formText.tryAgain}
        </button>
      </Card>
    );
  }
  return <Page name="account">{account ? <Parts key={account.id} account={account} /> : <Loading />}</Page>;
}
