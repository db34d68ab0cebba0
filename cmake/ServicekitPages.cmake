# Adds a source to a target that defines files as texts: docs/reference/exit-codes.md becomes NAMESPACE::exit_codes.
# HEADER declares them. Paths are relative to the project.
function(servicekit_texts target header namespace)
    set(definitions "")
    foreach(file IN LISTS ARGN)
        set(path "${PROJECT_SOURCE_DIR}/${file}")
        file(READ "${path}" text)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
        cmake_path(GET file STEM name)
        string(REPLACE "-" "_" name "${name}")
        string(APPEND definitions "const std::string_view ${name} = R\"SERVICEKIT_TEXT(${text})SERVICEKIT_TEXT\";\n")
    endforeach()
    cmake_path(GET header STEM name)
    set(source "${PROJECT_BINARY_DIR}/pages/${target}_${name}.cpp")
    file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT
"#include \"@header@\"

namespace @namespace@ {

@definitions@
}  // namespace @namespace@
")
    target_sources(${target} PRIVATE "${source}")
endfunction()

# Does the same with pages of docs/ in Markdown.
function(servicekit_pages target header namespace)
    list(TRANSFORM ARGN PREPEND docs/ OUTPUT_VARIABLE pages)
    servicekit_texts(${target} ${header} ${namespace} ${pages})
endfunction()
