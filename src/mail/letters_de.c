/* The letters in German; see letters_en.c, whose order and variables these share (letter_test.c compares). */
#include "mail/letter.h"

#define VALID  "?Der Link gilt {valid} und nur einmal."
#define IGNORE "Waren Sie es nicht, ist nichts zu tun: Ohne den Link geschieht nichts."

static const struct letter_text texts[] = {
	{
		.template = "signup",
		.subject = "Bestätigen Sie Ihre Adresse",
		.stranger = true,
		.heading = "Noch ein Schritt",
		.before = {"Jemand, vermutlich Sie, hat sich mit dieser Adresse bei {site} registriert. "
			   "Bestätigen "
			   "Sie sie, und Ihr Konto ist bereit."},
		.button = "Adresse bestätigen",
		.target = "{link}",
		.after = {VALID, IGNORE},
	},
	{
		.template = "signup_known",
		.subject = "Sie haben schon ein Konto",
		.heading = "Sie haben schon ein Konto",
		.before = {"Jemand, vermutlich Sie, wollte mit dieser Adresse ein Konto bei {site} anlegen. "
			   "Es gibt "
			   "dort schon eines, und nichts wurde geändert.",
			   "Wenn Sie das Passwort vergessen haben, können Sie dort, wo Sie sich anmelden, "
			   "ein neues "
			   "anfordern."},
		.button = "Anmelden",
		.target = "{home}/signin",
		.after = {"Waren Sie es nicht, ist nichts zu tun."},
	},
	{
		.template = "reset",
		.subject = "Wählen Sie ein neues Passwort",
		.heading = "Wählen Sie ein neues Passwort",
		.before = {"Jemand, vermutlich Sie, möchte ein neues Passwort für Ihr Konto bei {site}."},
		.button = "Passwort wählen",
		.target = "{link}",
		.after = {VALID, "Mit dem neuen Passwort werden Sie überall abgemeldet.",
			  "Waren Sie es nicht, ist nichts zu tun: Ihr Passwort bleibt, wie es ist."},
	},
	{
		.template = "password_changed",
		.subject = "Ihr Passwort wurde geändert",
		.heading = "Ihr Passwort wurde geändert",
		.before = {"Das Passwort Ihres Kontos bei {site} wurde geändert, und Ihre anderen Geräte "
			   "wurden "
			   "abgemeldet."},
		.after = {"Waren Sie es nicht, fordern Sie sofort ein neues an, {home}/forgot, und sagen Sie "
			  "denen "
			  "Bescheid, die {site} betreiben."},
	},
	{
		.template = "email",
		.subject = "Bestätigen Sie Ihre neue Adresse",
		.stranger = true,
		.heading = "Bestätigen Sie Ihre neue Adresse",
		.before = {"Ein Konto bei {site} soll von nun an diese Adresse haben. Bestätigen Sie, dass "
			   "sie Ihnen "
			   "gehört."},
		.button = "Adresse bestätigen",
		.target = "{link}",
		.after = {VALID, IGNORE},
	},
	{
		.template = "email_known",
		.subject = "Ihre Adresse wird schon verwendet",
		.heading = "Ihre Adresse wird schon verwendet",
		.before = {"Jemand, vermutlich Sie, wollte diese Adresse einem anderen Konto bei {site} "
			   "geben. Sie "
			   "hat dort schon ein Konto, und nichts wurde geändert."},
		.after = {"Waren Sie es nicht, ist nichts zu tun."},
	},
	{
		.template = "email_announce",
		.subject = "Ihr Konto soll eine neue Adresse bekommen",
		.heading = "Eine neue Adresse ist gewünscht",
		.before = {"Ihr Konto bei {site} soll eine andere Adresse bekommen: {email}. Sie gilt, "
			   "sobald sie "
			   "bestätigt ist."},
		.after = {"Waren Sie es nicht, ändern Sie jetzt Ihr Passwort: {home}"},
	},
	{
		.template = "email_changed",
		.subject = "Ihre Adresse wurde geändert",
		.heading = "Ihre Adresse wurde geändert",
		.before = {"Ihr Konto bei {site} hat jetzt die Adresse {email}. Diese hier wird nicht mehr "
			   "verwendet."},
		.after = {"Waren Sie es nicht, sagen Sie sofort denen Bescheid, die {site} betreiben."},
	},
	{
		.template = "invite",
		.subject = "{inviter} lädt Sie zu {site} ein",
		.heading = "Sie sind eingeladen",
		.before = {"{inviter} lädt Sie zu {site} ein, für Videogespräche, die unter denen bleiben, "
			   "die sie "
			   "führen."},
		.button = "Einladung annehmen",
		.target = "{link}",
		.after = {VALID, "Wenn Sie nicht wissen, wer das ist, ist nichts zu tun."},
	},
	{
		.template = "deleted",
		.subject = "Ihr Konto wurde gelöscht",
		.heading = "Auf Wiedersehen",
		.before = {"Ihr Konto bei {site} wurde gelöscht, mit allem, was dazu gehörte."},
		.after = {"Waren Sie es nicht, sagen Sie denen Bescheid, die {site} betreiben."},
	},
	{
		.template = "role_changed",
		.subject = "Ihre Rolle wurde geändert",
		.heading = "Ihre Rolle wurde geändert",
		.before = {"Wer {site} betreibt, hat die Rolle Ihres Kontos geändert.",
			   "?Sie sind jetzt: {role}.",
			   "Sie wurden überall abgemeldet. Melden Sie sich neu an, um fortzufahren."},
		.button = "Anmelden",
		.target = "{home}/signin",
	},
};

const struct letter_language letter_de = {
	.tag = "de",
	.hello = "Guten Tag,",
	.hello_name = "Guten Tag {name},",
	.copy_link = "Wenn die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse:",
	.footer = "Gesendet von Parley bei {site}",
	.role_admin = "Verwalter",
	.role_member = "Mitglied",
	.inviter = "Die Verwaltung",
	.units = {{"Minute", "Minuten"}, {"Stunde", "Stunden"}, {"Tag", "Tage"}, {"Sekunde", "Sekunden"}},
	.texts = texts,
	.n_texts = ARRAY_LEN(texts),
};
