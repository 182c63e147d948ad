# The tables of options and keys, as src/conf writes them, one line a row with tabs between:
#   kind      "option", or the option whose key it is: collector, output
#   name, letter, argument, help    as in the row; "-" where there is none
#   repeats   1 if it may be said again
#   how       its value is completed, and the words for that. `allowed` tells people what a value may
#             be; the few forms which that has are read here.
#               words   one of them               start   one of them, and more behind it
#               list    some with commas between  after   NAME=, and one of them
#               file, interface, collector, output, none
# Variable elements: the names of the information elements.
BEGIN { OFS = "\t" }

/option_spec option_table\[\] = \{/ { table = "option"; next }
/key_spec collector_rows\[\] = \{/ { table = "collector"; next }
/key_spec output_rows\[\] = \{/ { table = "output"; next }
table && /^\};/ { table = ""; next }
table { row = row $0 }
table && /\},$/ {
	# Strings that stand side by side are one.
	gsub(/"[ \t]+"/, "", row)
	split_row(row)
	if (table == "option")
		tell(field[1], field[2], field[3], field[4],
		    row ~ /OPTION_(NAMED|LIST|INPUT|SECTION)/, field[5])
	else
		tell(field[1], "", "", "", 0, field[2])
	row = ""
}

# Puts the strings, letters and NULLs of a row into field[1] and so on, without their quotes.
function split_row(text,    n, found)
{
	n = 0
	delete field
	while (match(text, /"([^"\\]|\\.)*"|'.'|NULL|[ {]0,/)) {
		found = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		field[++n] = found ~ /^["']/ ? substr(found, 2, length(found) - 2) : ""
	}
}

# What matches in the text, with blanks between.
function all(text, pattern,    found)
{
	while (match(text, pattern)) {
		found = found " " substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
	}
	return substr(found, 2)
}

function tell(name, letter, argument, help, repeats, allowed)
{
	print table, name, or_dash(letter), or_dash(argument), or_dash(help), repeats, \
	    how(name, argument, allowed)
}

function or_dash(text)
{
	return text == "" ? "-" : text
}

function how(name, argument, allowed,    words)
{
	if (argument == "FILE" || argument == "PATH" || name == "file")
		return "file\t"
	if (name == "interface" || name == "dev")
		return "interface\t"
	if (table == "option" && name == "collector")
		return "collector\t"
	if (sub(/ or names of elements$/, "", allowed))
		return "list\t" all(allowed, "[a-z]+") " " elements
	if (gsub(/with commas between( them)?/, "", allowed)) {
		gsub(/ or /, " ", allowed)
		return "list\t" all(allowed, "[-+a-z0-9]+")
	}
	if (allowed ~ /^NAME=[a-z]/) {
		words = all(allowed, "NAME=[a-z]+")
		gsub(/NAME=/, "", words)
		return "after\t" words
	}
	if (allowed ~ /[a-z](=[A-Z]|:N)/) {
		words = all(allowed, "[a-z]+(=[A-Z]|:N)")
		gsub(/=[A-Z]/, "=", words)
		gsub(/:N/, ":", words)
		return "start\t" words
	}
	gsub(/ \([a-z]+\)|, with .*/, "", allowed)
	if (allowed ~ /^[a-z0-9]+(, [a-z0-9]+)* or [a-z0-9]+$/) {
		gsub(/,| or /, " ", allowed)
		return (name == "output" ? "output" : "words") "\t" all(allowed, "[a-z0-9]+")
	}
	return "none\t"
}
