# Compiles through ccache where there is one and nobody chose a launcher.
find_program(SERVICEKIT_CCACHE ccache)
mark_as_advanced(SERVICEKIT_CCACHE)
if(SERVICEKIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without these ccache refuses whatever uses a precompiled header (ccache(1), "PRECOMPILED HEADERS").
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${SERVICEKIT_CCACHE})
endif()
