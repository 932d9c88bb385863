/** Signing in: by password, with a code as the second step where the account has one, or by passkey. */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { passkeysWork, signInWithPasskey } from '../../state/accounts';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { Field, Form, type FormState, PasswordField, Problem, Submit, useForm } from '../parts/form';
import { Link } from '../parts/link';
import { accountText } from '../text-account';
import { faultText } from '../text-forms';
import { Card, checks, useAccounts } from './frame';

const words = accountText.signin;

/** The address that was just confirmed or asked for: nobody should have to type it twice. */
export const knownEmail = signal('');

type Step = 'password' | 'code' | 'recovery';

/** Six digits may be typed in groups; recovery codes as they were written down. */
const plainCode = (code: string): string => code.replace(/\s/g, '');

function FirstStep({ hidden }: { hidden: boolean }) {
  return (
    <div hidden={hidden} class="form">
      <Field
        name="email"
        label={accountText.email}
        type="email"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        inputMode="email"
        enterKeyHint="next"
        maxLength={320}
        required
        defaultValue={knownEmail.value}
        testid="signin-email"
      />
      <PasswordField
        name="password"
        label={accountText.password}
        autocomplete="current-password"
        enterKeyHint="go"
        required
        testid="signin-password"
        aside={
          <Link to="/forgot" class="link link-small" testid="signin-forgot">
            {words.forgot}
          </Link>
        }
      />
    </div>
  );
}

function CodeStep({ step, setStep }: { step: Step; setStep: (step: Step) => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector('input')?.focus(), []);
  const recovery = step === 'recovery';
  return (
    <div class="form" ref={box}>
      <Field
        key={step}
        name="code"
        label={recovery ? words.recovery : words.code}
        autocomplete={recovery ? 'off' : 'one-time-code'}
        inputMode={recovery ? 'text' : 'numeric'}
        autocapitalize="none"
        spellcheck={false}
        enterKeyHint="go"
        maxLength={64}
        required
        testid="signin-code"
      />
      <button
        type="button"
        class="link-button"
        data-testid="signin-other-factor"
        onClick={() => setStep(recovery ? 'code' : 'recovery')}
      >
        {recovery ? words.useCode : words.useRecovery}
      </button>
    </div>
  );
}

function PasskeyButton({ onFault }: { onFault: (text: string) => void }) {
  const { service } = useAppState();
  const actions = useActions();
  const accounts = useAccounts();
  const [busy, setBusy] = useState(false);
  if (!service?.accounts.passkeys || !passkeysWork()) return null;
  const use = async () => {
    if (busy) return;
    onFault('');
    setBusy(true);
    const outcome = await signInWithPasskey(accounts, navigator.credentials);
    setBusy(false);
    if (outcome.ok) actions.signedIn(outcome.value);
    else
      onFault(
        outcome.cancelled ? words.passkeyCancelled : faultText(outcome.fault, accountText.passkeyFaults),
      );
  };
  return (
    <>
      <p class="or">
        <span>{words.or}</span>
      </p>
      <button
        type="button"
        class="button"
        data-testid="signin-passkey"
        aria-disabled={busy}
        onClick={() => void use()}
      >
        <Icon name="key" size={20} />
        {busy ? words.passkeyBusy : words.passkey}
      </button>
    </>
  );
}

function useSignInForm(step: Step, setStep: (step: Step) => void): FormState {
  const actions = useActions();
  const accounts = useAccounts();
  return useForm({
    words: {
      bad_credentials: accountText.badCredentials,
      bad_code: step === 'recovery' ? words.badRecovery : words.badCode,
    },
    fieldOf: { bad_credentials: 'password', bad_code: 'code' },
    check: (values) => {
      if (step === 'password') return checks(values, { email: true, password: 'password' });
      return plainCode(values.raw('code')) === '' ? { code: words.codeMissing } : {};
    },
    send: async (values) => {
      const code = step === 'password' ? undefined : plainCode(values.raw('code'));
      const answer = await accounts.signIn(values.text('email'), values.raw('password'), code);
      if (!answer.ok && answer.fault.code !== 'second_factor_needed') {
        if (answer.fault.code === 'bad_credentials') setStep('password');
        return answer.fault;
      }
      if (answer.ok) actions.signedIn(answer.value);
      else setStep('code');
      return undefined;
    },
  });
}

export function SignIn() {
  const { service } = useAppState();
  const [step, setStep] = useState<Step>('password');
  const [passkeyFault, setPasskeyFault] = useState('');
  const form = useSignInForm(step, setStep);
  const first = step === 'password';
  const mayJoin = service === undefined || service.accounts.signup === 'open';
  const lead = step === 'code' ? words.codeLead : step === 'recovery' ? words.recoveryLead : undefined;
  return (
    <Card
      title={first ? words.title : words.codeTitle}
      lead={lead}
      testid="signin"
      foot={
        first && (
          <>
            {mayJoin && (
              <p>
                {words.noAccount}{' '}
                <Link to="/signup" testid="signin-to-signup">
                  {words.signUp}
                </Link>
              </p>
            )}
            <p>{words.guest}</p>
          </>
        )
      }
    >
      <Form form={form} testid="signin-form">
        <Problem form={passkeyFault === '' ? form : { problem: passkeyFault }} />
        <FirstStep hidden={!first} />
        {!first && <CodeStep step={step} setStep={setStep} />}
        <Submit form={form} testid="signin-submit" busyText={words.busy}>
          {words.submit}
        </Submit>
        {!first && (
          <button
            type="button"
            class="button button-plain"
            data-testid="signin-again"
            onClick={() => setStep('password')}
          >
            {words.again}
          </button>
        )}
      </Form>
      {first && <PasskeyButton onFault={setPasskeyFault} />}
    </Card>
  );
}
