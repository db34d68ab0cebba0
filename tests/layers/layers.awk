# Reads C++ files, given by their paths from the root of the tree, and prints each include that breaks a rule.

BEGIN {
    # The layers that each layer may include besides itself, lowest first.
    below["base"] = ""
    below["os"] = "base"
    below["policy"] = "base os"
    below["core"] = "base os policy"
    below["policies"] = "base os policy"
    below["shell"] = "base os policy core policies"
    below["programs"] = "base os policy core policies shell"
    below["servicectl"] = "base os policy core policies shell programs"
    below["cluster"] = "base os policy core policies shell"
    below["curl"] = "base cluster"
    below["lisp"] = "base os policy core shell"
    below["ecl"] = "base lisp"
    below["mocks"] = "base os policy core policies shell cluster"
    below["contract_tests"] = "base os policy shell"

    # Headers that are not in the directory of a layer, and directories with another name than their layer.
    layer_of_file["include/servicekit/basic_service.hpp"] = "shell"
    layer_of_file["include/servicekit/configured.hpp"] = "shell"
    layer_of_file["include/servicekit/policies.hpp"] = "shell"
    layer_of_file["include/servicekit/service.hpp"] = "shell"
    layer_of_file["include/servicekit/async_client.hpp"] = "programs"
    layer_of_file["include/servicekit/client.hpp"] = "programs"
    layer_of_file["include/servicekit/main.hpp"] = "programs"
    layer_of_file["include/servicekit/program_verb.hpp"] = "programs"
    layer_of_file["include/servicekit/servicekit.hpp"] = "programs"
    layer_of_file["src/service.cpp"] = "shell"
    layer_of_directory["cli"] = "programs"
    layer_of_directory["client"] = "programs"

    # Third-party headers that the sources of a layer may include; src/os and src/lisp/ecl may include everything.
    third_party["base"] = "^(rapidjson|fmt)/"
    third_party["policies"] = "^zlib\\.h$"
    third_party["curl"] = "^curl/"
    third_party["programs"] = "^CLI/"

    # Headers with a dot that define types, numbers and compiler features, and no system calls.
    harmless = "^(sys/types\\.h|sysexits\\.h|cxxabi\\.h)$"
}

function fault(text) { printf "%s: %s\n", FILENAME, text }

function layer_of(path,    parts, count, directory) {
    if (path in layer_of_file) return layer_of_file[path]
    count = split(path, parts, "/")
    if (parts[1] == "mocks") return parts[3]
    if (path ~ /^src\/cluster\/curl\//) return "curl"
    # src/lisp/ecl has its own threads, signals and stack.
    if (path ~ /^src\/lisp\/ecl\//) return "ecl"
    if (parts[1] == "include" && count > 3) directory = parts[3]
    else if (parts[1] == "src" && count > 2) directory = parts[2]
    else return ""
    if (directory in layer_of_directory) return layer_of_directory[directory]
    return directory in below ? directory : ""
}

# Returns the path from the root for one of our files, as it was included.
function path_of(name) {
    if (name ~ /^servicekit\/(mocks|contract_tests)\//) return "mocks/" name
    if (name ~ /^servicekit\//) return "include/" name
    return "src/" name
}

function check_ours(name,    path, target) {
    path = path_of(name)
    target = layer_of(path)
    if (target == "") {
        fault("includes \"" name "\", which is in no layer")
        return
    }
    # The library's own build compiles the sources of the mocks.
    if (FILENAME !~ /^src\// && FILENAME !~ /^mocks\/.*\.cpp$/ && path ~ /^src\//)
        fault("includes \"" name "\", which is not installed")
    if (target != layer && index(" " below[layer] " ", " " target " ") == 0)
        fault("includes \"" name "\": " layer " is not above " target)
}

function check_foreign(name) {
    if (name ~ /^servicekit\//) fault("includes <" name "> with angle brackets")
    else if (name ~ /^[a-z_]+$/ || name ~ harmless) return
    # Screen and server of servicectl, which the library does not have.
    else if (FILENAME ~ /^src\/servicectl\/program\//) return
    else if (name ~ /^boost\/asio/) fault("includes <" name ">: there is one event loop, in src/os/loop")
    else if (FILENAME ~ /^mocks\// && name ~ /^g(mock|test)\//) return
    else if (FILENAME ~ /^(include|mocks)\//) fault("includes <" name ">: public headers name nothing of third parties")
    else if (layer == "os" || layer == "ecl") return
    else if ((layer in third_party) && name ~ third_party[layer]) return
    else if (name ~ /^[a-z_\/0-9]+\.h$/ && name !~ /^(rapidjson|gtest|gmock)\//)
        fault("includes <" name ">: only src/os asks the system")
    else fault("includes <" name ">, which " layer " may not")
}

FNR == 1 {
    layer = layer_of(FILENAME)
    if (layer == "") fault("is in no layer: tests/layers/layers.awk does not know its directory")
}

layer != "" && /^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    check_ours(quoted[2])
}

layer != "" && /^[ \t]*#[ \t]*include[ \t]*</ {
    name = $0
    sub(/^[^<]*</, "", name)
    sub(/>.*/, "", name)
    check_foreign(name)
}
