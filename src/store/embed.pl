#!/usr/bin/perl
#
# Turns the steps of the schema into C: embed.pl OUT DIR FILE...
# FILEs are the steps as the build lists them: numbered 0001.sql, 0002.sql, … without a gap, and all that DIR has.

use strict;
use warnings;

my ($out, $dir, @files) = @ARGV;
@files or die "usage: $0 OUT DIR FILE...\n";

opendir(my $handle, $dir) or die "$dir: $!\n";
my @found = sort grep { /\.sql$/ } readdir($handle);
closedir($handle);
my @names = map { m{([^/]+)$} ? $1 : $_ } @files;
"@found" eq "@names" or die "$dir has @found, the build lists @names\n";

my $text = "/* Generated from src/store/sql. */\n#include \"store/inside.h\"\n\nconst char *const store_steps[] = {\n";
for my $i (0 .. $#files) {
	my $want = sprintf('%04d.sql', $i + 1);
	$names[$i] eq $want or die "$names[$i]: step ", $i + 1, " must be $want\n";
	open(my $in, '<', $files[$i]) or die "$files[$i]: $!\n";
	while (my $line = <$in>) {
		chomp $line;
		$line =~ s/([\\"])/\\$1/g;
		$line =~ s/\t/\\t/g;
		$line =~ /[^\x20-\x7e]/ and die "$files[$i]:$.: only ASCII\n";
		$text .= "\"$line\\n\"\n";
	}
	close($in);
	$text .= ",\n";
}
$text .= "NULL};\n";

open(my $to, '>', $out) or die "$out: $!\n";
print $to $text;
close($to) or die "$out: $!\n";
