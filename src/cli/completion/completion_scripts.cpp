#include "cli/completion/completion_scripts.hpp"

#include <algorithm>

namespace servicekit::cli {
namespace {

// @PROGRAM@ is the name of the program, @FUNCTION@ a form of it that is valid in names of functions.

constexpr std::string_view bash = R"(# Completes the command lines of @PROGRAM@ in bash. Load it with
#     source <(@PROGRAM@ completion bash)
# or keep it as /usr/share/bash-completion/completions/@PROGRAM@
_@FUNCTION@_complete() {
    local program=$1 current=$2 rest=${COMP_LINE:0:COMP_POINT} part i count=-1
    local -a words=()
    # bash takes words apart at `=` and `:` too; here a word is what stands between blanks.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $rest == [[:blank:]]* ]]; then
            rest=${rest#"${rest%%[![:blank:]]*}"}
            words[++count]=
        fi
        [[ $rest == "$part"* ]] || part=$rest # the cursor stands within it
        words[count]+=$part
        rest=${rest#"$part"}
    done
    [[ $program == "~/"* ]] && program=$HOME/${program#"~/"}

    local word=${words[count]} line kind prefix name
    # Of the word bash replaces `current` only.
    local kept=${word%"$current"}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == $'\t'* ]]; then
            kind=${line#$'\t'} prefix=${line##*$'\t'}
            case ${kind%%$'\t'*} in
                files) kind=file ;;
                directories) kind=directory ;;
                users) kind=user ;;
                groups) kind=group ;;
                hosts) kind=hostname ;;
                *) continue ;;
            esac
            [[ $kind == @(file|directory) ]] && compopt -o filenames 2>/dev/null
            while IFS= read -r name; do
                name=$prefix$name
                COMPREPLY+=("${name#"$kept"}")
            done < <(compgen -A "$kind" -- "${word#"$prefix"}")
        else
            name=${line%%$'\t'*}
            [[ $name == *[=@] ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("${name#"$kept"}")
        fi
    done < <("$program" complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _@FUNCTION@_complete @PROGRAM@
)";

constexpr std::string_view zsh = R"(#compdef @PROGRAM@
# Completes the command lines of @PROGRAM@ in zsh. Load it, after compinit, with
#     source <(@PROGRAM@ completion zsh)
# or keep it as _@PROGRAM@ in a directory of fpath.
_@FUNCTION@_complete() {
    local program=${(Q)words[1]} line word kind prefix
    local -a before lines plain open
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    lines=("${(@f)$(${~program} complete -- "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in "${lines[@]}"; do
        if [[ $line == $'\t'* ]]; then
            kind=${${line#$'\t'}%%$'\t'*} prefix=${line##*$'\t'}
            [[ -n $prefix ]] && compset -P "${(b)prefix}"
            case $kind in
                files) _files ;;
                directories) _files -/ ;;
                users) _users ;;
                groups) _groups ;;
                hosts) _hosts ;;
            esac
        elif [[ -n $line ]]; then
            # A colon would end the word here.
            word=${${line%%$'\t'*}//:/\\:}
            # One that ends with `=` or `@` is to be gone on with.
            if [[ $word == *[=@] ]]; then
                open+=("$word:${line#*$'\t'}")
            else
                plain+=("$word:${line#*$'\t'}")
            fi
        fi
    done
    (( $#plain )) && _describe -t words word plain
    (( $#open )) && _describe -t arguments argument open -S ''
    return 0
}
# The first two completions run this file as the body of the function that compinit has found.
if [[ ${funcstack[1]} == _@PROGRAM@ ]]; then
    _@FUNCTION@_complete "$@"
else
    compdef _@FUNCTION@_complete @PROGRAM@
fi
)";

constexpr std::string_view fish = R"(# Completes the command lines of @PROGRAM@ in fish. Load it with
#     @PROGRAM@ completion fish | source
# or keep it as ~/.config/fish/completions/@PROGRAM@.fish
function __@FUNCTION@_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program complete -- $words "$current" 2>/dev/null)
        if not string match -q \t'*' -- $line
            echo $line
            continue
        end
        set -l parts (string split \t -- $line)
        set -l prefix $parts[3]
        set -l value (string sub -s (math 1 + (string length -- "$prefix")) -- "$current")
        switch $parts[2]
            case files
                string join \n -- $prefix(__fish_complete_path "$value")
            case directories
                string join \n -- $prefix(__fish_complete_directories "$value" '')
            case users
                string join \n -- $prefix(__fish_complete_users)
            case groups
                string join \n -- $prefix(__fish_complete_groups)
            case hosts
                string join \n -- $prefix(__fish_print_hostnames)
        end
    end
end
complete -c @PROGRAM@ -f -a '(__@FUNCTION@_complete)'
)";

std::string function_name(std::string_view program) {
    std::string name{program};
    std::replace_if(
        name.begin(), name.end(), [](char letter) { return letter == '-' || letter == '.'; }, '_');
    return name;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

}  // namespace

std::string completion_script(std::string_view shell, std::string_view program) {
    std::string script{shell == "bash" ? bash : shell == "zsh" ? zsh : fish};
    replace_all(script, "@PROGRAM@", program);
    replace_all(script, "@FUNCTION@", function_name(program));
    return script;
}

}  // namespace servicekit::cli
