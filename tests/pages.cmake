# Code that pages show, as sources of programs and tests. The line above a block of C++ names the programs that it belongs to:
#
#   <!-- code of: first second -->
#   <!-- end of: first second -->   the same, behind all other code: main(), which stays when a class is shown again
#   <!-- global of: first -->       the same, behind the namespace of the program
#   <!-- code in: a_place -->       a fragment, compiled at @a_place@ in tests/pages/fragments.cpp.in
#
# tests/reference/check_blocks fails for a block without a line above it.

# Sets `result` to the code of a program in some pages, in a namespace `page::PROGRAM`, and `result_includes` to what it
# includes, a list of lines. main() is called run() there.
function(servicekit_page_code pages program result)
    set(code "")
    set(end "")
    set(global "")
    set(rest "")
    foreach(page IN LISTS pages)
        set(path "${PROJECT_SOURCE_DIR}/${page}")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
        file(READ "${path}" text)
        string(APPEND rest "${text}")
    endforeach()
    string(FIND "${rest}" "\n<!-- " at)
    while(NOT at EQUAL -1)
        math(EXPR at "${at} + 1")
        string(SUBSTRING "${rest}" ${at} -1 rest)
        if(rest MATCHES "^<!-- (code|end|global) of: ([a-z0-9_ ]+) -->\n```cpp\n")
            set(place "${CMAKE_MATCH_1}")
            set(programs " ${CMAKE_MATCH_2} ")
            string(LENGTH "${CMAKE_MATCH_0}" begin)
            string(SUBSTRING "${rest}" ${begin} -1 rest)
            string(FIND "${rest}" "\n```" length)
            string(SUBSTRING "${rest}" 0 ${length} block)
            if(programs MATCHES " ${program} ")
                string(APPEND "${place}" "${block}\n\n")
            endif()
        endif()
        string(FIND "${rest}" "\n<!-- " at)
    endwhile()
    string(APPEND code "${end}")
    if(code STREQUAL "")
        message(FATAL_ERROR "No code of '${program}' is in ${pages}")
    endif()

    string(REGEX MATCHALL "#include <[^\n]*\n" includes "${code}")
    # What is included in quotes is code of the same page.
    string(REGEX REPLACE "#include [^\n]*\n" "" code "${code}")
    string(REPLACE "int main(" "int run(" code "${code}")
    set(code "namespace page::${program} {\n\n${code}}  // namespace page::${program}\n\n")
    if(NOT "${global}" STREQUAL "")
        string(APPEND code "using namespace page::${program};\n${global}")
    endif()
    set(${result} "${code}" PARENT_SCOPE)
    set(${result}_includes "${includes}" PARENT_SCOPE)
endfunction()

# Writes a source with the code of several programs, and more code behind them. A program is given as PAGE[+PAGE...]:PROGRAM.
function(servicekit_page_source source more)
    string(REGEX MATCHALL "#include <[^\n]*\n" includes "${more}")
    string(REGEX REPLACE "#include [^\n]*\n" "" more "${more}")
    set(all "")
    foreach(item IN LISTS ARGN)
        string(REGEX MATCH "^(.*):(.*)$" whole "${item}")
        set(program "${CMAKE_MATCH_2}")
        string(REPLACE "+" ";" pages "${CMAKE_MATCH_1}")
        servicekit_page_code("${pages}" "${program}" code)
        string(APPEND all "${code}")
        list(APPEND includes ${code_includes})
    endforeach()
    list(REMOVE_DUPLICATES includes)
    list(JOIN includes "" includes)
    file(CONFIGURE OUTPUT "${source}" CONTENT "// Code that the documentation shows.\n${includes}\n${all}${more}" @ONLY)
endfunction()

# Writes a source from a frame, with each fragment of the pages in its place.
function(servicekit_page_fragments source frame)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${frame}" ${ARGN})
    file(READ "${frame}" text)
    set(includes "")
    foreach(page IN LISTS ARGN)
        file(READ "${page}" rest)
        string(FIND "${rest}" "\n<!-- code in: " at)
        while(NOT at EQUAL -1)
            string(SUBSTRING "${rest}" ${at} -1 rest)
            if(NOT rest MATCHES "^\n<!-- code in: ([a-z_]+) -->\n```cpp\n")
                message(FATAL_ERROR "${page}: after a line 'code in' there is no block of C++")
            endif()
            set(place "${CMAKE_MATCH_1}")
            string(LENGTH "${CMAKE_MATCH_0}" begin)
            string(SUBSTRING "${rest}" ${begin} -1 rest)
            string(FIND "${rest}" "\n```" length)
            string(SUBSTRING "${rest}" 0 ${length} block)
            string(FIND "${text}" "@${place}@" found)
            if(found EQUAL -1)
                message(FATAL_ERROR "${page}: ${frame} has no place @${place}@")
            endif()
            string(REGEX MATCHALL "#include <[^\n]*\n" block_includes "${block}")
            list(APPEND includes ${block_includes})
            string(REGEX REPLACE "#include [^\n]*\n" "" block "${block}")
            string(REPLACE "int main(" "int run(" block "${block}")
            string(REPLACE "@${place}@" "${block}" text "${text}")
            string(FIND "${rest}" "\n<!-- code in: " at)
        endwhile()
    endforeach()
    if(text MATCHES "@[a-z_]+@")
        message(FATAL_ERROR "${frame}: no page has code for ${CMAKE_MATCH_0}")
    endif()
    list(REMOVE_DUPLICATES includes)
    list(JOIN includes "" includes)
    file(CONFIGURE OUTPUT "${source}" CONTENT "${includes}\n${text}" @ONLY)
endfunction()

# Writes a source with several programs. The environment variable PAGE_PROGRAM names the one that runs.
function(servicekit_page_programs source)
    set(choice "")
    foreach(item IN LISTS ARGN)
        string(REGEX REPLACE "^.*:" "" program "${item}")
        string(APPEND choice "    if (name == \"${program}\") return page::${program}::run(argc, argv);\n")
    endforeach()
    servicekit_page_source("${source}" "#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
    const char* const chosen = std::getenv(\"PAGE_PROGRAM\");
    const std::string name = chosen == nullptr ? \"\" : chosen;
${choice}    std::cerr << \"PAGE_PROGRAM names no program: '\" << name << \"'\\n\";
    return 64;
}
" ${ARGN})
endfunction()
