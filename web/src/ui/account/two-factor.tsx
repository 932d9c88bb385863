/** The second step: an authenticator app, and recovery codes for the day it is lost. */
import { useState } from 'preact/hooks';
import type { Totp } from '../../state/accounts';
import type { Account, ApiFault } from '../../state/types';
import { useActions } from '../context';
import { Icon } from '../icons';
import { Field, Form, Problem, Submit, useForm } from '../parts/form';
import { profileText } from '../text-profile';
import { checks, useAccounts } from './frame';
import { QrCode } from './qr';
import { RecoveryCodes } from './recovery';
import { OwnPassword, ownPasswordFaults, Row, Section } from './section';

const words = profileText.factor;

/** A form that asks for nothing but the password. */
function PasswordOnly({
  label,
  note,
  kind = 'button-main',
  testid,
  run,
}: {
  label: string;
  note?: string;
  kind?: 'button-main' | 'button-danger';
  testid: string;
  run: (password: string) => Promise<ApiFault | undefined>;
}) {
  const form = useForm({
    ...ownPasswordFaults,
    check: (values) => checks(values, { password: 'password' }),
    send: (values) => run(values.raw('password')),
  });
  return (
    <Form form={form} testid={`${testid}-form`}>
      <Problem form={form} />
      {note && <p>{note}</p>}
      <OwnPassword testid={`${testid}-password`} />
      <Submit form={form} kind={kind} testid={`${testid}-submit`} busyText={words.working}>
        {label}
      </Submit>
    </Form>
  );
}

/** Four by four, as people read such things. */
const inGroups = (secret: string): string => (secret.match(/.{1,4}/g) ?? []).join(' ');

function Secret({ totp }: { totp: Totp }) {
  const actions = useActions();
  return (
    <>
      <h3>{words.scan}</h3>
      <p>{words.scanText}</p>
      <QrCode text={totp.uri} label={words.qr} />
      {totp.uri.startsWith('otpauth:') && (
        <a class="button button-small" href={totp.uri} data-testid="totp-link">
          <Icon name="key" size={20} />
          {words.openApp}
        </a>
      )}
      <p class="row-title">{words.secretLabel}</p>
      <p class="secret-key">
        <code data-testid="totp-secret">{inGroups(totp.secret)}</code>
        <button
          type="button"
          class="button button-small"
          data-testid="totp-copy"
          onClick={() => actions.copy(totp.secret, words.secretCopied)}
        >
          {words.copySecret}
        </button>
      </p>
    </>
  );
}

function CodeForm({ totp, onCodes }: { totp: Totp; onCodes: (codes: readonly string[]) => void }) {
  const accounts = useAccounts();
  const form = useForm({
    words: { bad_code: words.badCode, token_invalid: words.tooLate },
    fieldOf: { bad_code: 'code' },
    check: (values) => (values.text('code') === '' ? { code: words.codeHint } : {}),
    send: async (values) => {
      const answer = await accounts.confirmTotp(totp.ticket, values.raw('code').replace(/\s/g, ''));
      if (!answer.ok) return answer.fault;
      onCodes(answer.value);
      return undefined;
    },
  });
  return (
    <Form form={form} testid="totp-form">
      <Problem form={form} />
      <Field
        name="code"
        label={words.code}
        hint={words.codeHint}
        autocomplete="one-time-code"
        inputMode="numeric"
        maxLength={12}
        required
        testid="totp-code"
      />
      <Submit form={form} testid="totp-submit" busyText={words.working}>
        {words.finish}
      </Submit>
    </Form>
  );
}

function SetUp({ onCodes }: { onCodes: (codes: readonly string[]) => void }) {
  const accounts = useAccounts();
  const [totp, setTotp] = useState<Totp>();
  if (!totp) {
    return (
      <PasswordOnly
        label={words.next}
        testid="totp-start"
        run={async (password) => {
          const answer = await accounts.startTotp(password);
          if (!answer.ok) return answer.fault;
          setTotp(answer.value);
          return undefined;
        }}
      />
    );
  }
  return (
    <div class="secret">
      <Secret totp={totp} />
      <CodeForm totp={totp} onCodes={onCodes} />
    </div>
  );
}

function Enabled({ account, onCodes }: { account: Account; onCodes: (codes: readonly string[]) => void }) {
  const actions = useActions();
  const accounts = useAccounts();
  return (
    <>
      <Row title={words.on} label={words.turnOff} kind="button-warn" testid="totp-off">
        {(close) => (
          <PasswordOnly
            label={words.turnOff}
            note={words.turnOffNote}
            kind="button-danger"
            testid="totp-stop"
            run={async (password) => {
              const fault = await accounts.stopTotp(password);
              if (fault) return fault;
              close();
              actions.accountChanged({ ...account, two_factor: false, recovery_codes: 0 });
              actions.say(words.turnedOff);
              return undefined;
            }}
          />
        )}
      </Row>
      <Row
        title={profileText.codes.left(account.recovery_codes)}
        label={profileText.codes.fresh}
        testid="codes-new"
      >
        {(close) => (
          <PasswordOnly
            label={profileText.codes.fresh}
            note={profileText.codes.freshNote}
            testid="codes-new"
            run={async (password) => {
              const answer = await accounts.newRecoveryCodes(password);
              if (!answer.ok) return answer.fault;
              close();
              onCodes(answer.value);
              return undefined;
            }}
          />
        )}
      </Row>
    </>
  );
}

export function TwoFactor({ account }: { account: Account }) {
  const actions = useActions();
  const [codes, setCodes] = useState<readonly string[]>([]);
  const show = (fresh: readonly string[]) => {
    setCodes(fresh);
    actions.accountChanged({ ...account, two_factor: true, recovery_codes: fresh.length });
  };
  return (
    <Section id="second-step" title={words.title} lead={words.lead}>
      {codes.length > 0 && <RecoveryCodes codes={codes} onDone={() => setCodes([])} />}
      {account.two_factor ? (
        <Enabled account={account} onCodes={show} />
      ) : (
        <Row title={words.off} label={words.turnOn} testid="totp-on">
          {() => <SetUp onCodes={show} />}
        </Row>
      )}
    </Section>
  );
}
