# Compiles through ccache if it is installed and no other launcher was chosen.
find_program(SERVICEKIT_CCACHE ccache)
mark_as_advanced(SERVICEKIT_CCACHE)
if(SERVICEKIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without these, ccache does not cache sources that use a precompiled header (ccache(1), "PRECOMPILED HEADERS").
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${SERVICEKIT_CCACHE})
endif()
