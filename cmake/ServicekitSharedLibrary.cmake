# Sets what a library of this project has if it is built as a shared library: the SONAME, and the symbols that it exports.
# Further arguments are names of C that it exports.
#
# Programs that link another version of Boost or fmt must not find that of a shared library.
function(servicekit_shared_library target)
    set_target_properties(${target} PROPERTIES
        VERSION ${PROJECT_VERSION}
        # Versions 0.x are not compatible with each other, so the SONAME has both numbers.
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
        POSITION_INDEPENDENT_CODE ON
        # Objects are the same in static and shared builds.
        DEFINE_SYMBOL "")
    set(SERVICEKIT_EXPORTED_C_NAMES "")
    foreach(name IN LISTS ARGN)
        string(APPEND SERVICEKIT_EXPORTED_C_NAMES "${name}; ")
    endforeach()
    set(map "${PROJECT_BINARY_DIR}/${target}.map")
    configure_file("${PROJECT_SOURCE_DIR}/cmake/exports.map.in" "${map}" @ONLY)
    # A static library ignores both.
    target_link_options(${target} PRIVATE "LINKER:--version-script=${map}")
    set_target_properties(${target} PROPERTIES LINK_DEPENDS "${map}")
endfunction()
