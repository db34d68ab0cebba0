# Adds a source to a target that defines pages of docs/ as texts in Markdown: docs/reference/exit-codes.md becomes
# NAMESPACE::exit_codes. HEADER declares them.
function(servicekit_pages target header namespace)
    set(definitions "")
    foreach(page IN LISTS ARGN)
        set(path "${PROJECT_SOURCE_DIR}/docs/${page}")
        file(READ "${path}" text)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
        cmake_path(GET page STEM name)
        string(REPLACE "-" "_" name "${name}")
        string(APPEND definitions "const std::string_view ${name} = R\"MARKDOWN(${text})MARKDOWN\";\n")
    endforeach()
    set(source "${PROJECT_BINARY_DIR}/pages/${target}.cpp")
    file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT
"#include \"@header@\"

namespace @namespace@ {

@definitions@
}  // namespace @namespace@
")
    target_sources(${target} PRIVATE "${source}")
endfunction()
