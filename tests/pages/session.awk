# Reads a session of a page: commands after `$ `, each followed by what it prints. A command that ends with a backslash
# goes on in the next line.
#
#   mode=script:   prints a script that runs the commands, with a line before the output of each
#   mode=compare:  compares the output of the script with the session in the file `shown`; exits with 1 if it differs

BEGIN {
    separator = "--- the next command ---"
    while (mode == "compare" && (getline line <shown) > 0) {
        if (going_on || line ~ /^\$ /) {
            if (!going_on) { ++commands; expected[commands] = 0; typed[commands] = "" }
            typed[commands] = typed[commands] line "\n"
            going_on = line ~ /\\$/
        } else {
            text[commands, ++expected[commands]] = line
        }
    }
}

mode == "script" && language == "sh" { print; next }
mode == "script" && language != "console" { exit }
mode == "script" {
    if (goes_on || /^\$ /) {
        if (!goes_on) print (started++ ? "" : "set +e\n") "printf '\\n" separator "\\n'"
        print goes_on ? $0 : substr($0, 3)
        goes_on = /\\$/
    }
    next
}

$0 == separator {
    # The line end before the separator.
    if (current && lines[current] > 0 && printed[current, lines[current]] == "") --lines[current]
    lines[++current] = 0
    next
}
current { printed[current, ++lines[current]] = $0 }

# Returns a regular expression for what a shown line stands for.
function pattern_of(line,    pattern) {
    if (line ~ /^[0-9]+$/) return "^[0-9]+$"
    pattern = line
    gsub(/[][.^$|(){}*+?\\]/, "\\\\&", pattern)
    gsub(/\\\.\\\.\\\./, ".*", pattern)
    gsub(/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9:]+(\\\.[0-9]+)?Z/, "@TIME@", pattern)
    gsub(/0x[0-9a-f]+/, "0x[0-9a-f]+", pattern)
    gsub(/uptime": ?[0-9]+/, "uptime\": ?@NUMBER@", pattern)
    gsub(/[0-9]+ (second|minute|hour)s?/, "@NUMBER@ (second|minute|hour)s?", pattern)
    gsub(/uid [0-9]+/, "uid @NUMBER@", pattern)
    gsub(/[0-9][0-9][0-9][0-9]+/, "@NUMBER@", pattern)
    gsub(/@TIME@/, "[0-9T:.Z-]+", pattern)
    gsub(/@NUMBER@/, "[0-9]+", pattern)
    return "^" pattern "$"
}

function is_like(line, other) { return line == other || other ~ pattern_of(line) }

# Returns 1 if a command printed one line, which the page breaks.
function is_broken(command,    all, i) {
    if (lines[command] != 1 || expected[command] < 2) return 0
    all = text[command, 1]
    for (i = 2; i <= expected[command]; ++i) all = all " " text[command, i]
    return is_like(all, printed[command, 1])
}

# Returns 1 if the lines of a command after the first `i` - 1 are like its printed lines after the first `j` - 1.
function are_like(command, i, j,    k) {
    if (i > expected[command]) return j > lines[command]
    if (text[command, i] == "...") {
        for (k = j; k <= lines[command] + 1; ++k)
            if (are_like(command, i + 1, k)) return 1
        return 0
    }
    return j <= lines[command] && is_like(text[command, i], printed[command, j]) && are_like(command, i + 1, j + 1)
}

END {
    if (mode == "script" && language == "console") print ":"
    if (mode != "compare") exit
    if (current != commands) { print "only " current + 0 " of " commands " commands ran"; failed = 1 }
    for (c = 1; c <= commands; ++c) {
        if (are_like(c, 1, 1) || is_broken(c)) continue
        failed = 1
        printf "%sshown:\n", typed[c]
        for (i = 1; i <= expected[c]; ++i) print "  " text[c, i]
        print "printed:"
        for (i = 1; i <= lines[c]; ++i) print "  " printed[c, i]
    }
    exit failed
}
