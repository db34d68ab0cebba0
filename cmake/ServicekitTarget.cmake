# What every target of this project has in common.
function(servicekit_target target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
        # A name of one source's own is no shadow over those of another that is compiled together with it.
        $<$<NOT:$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wshadow>
        $<$<BOOL:${SERVICEKIT_WARNINGS_AS_ERRORS}>:-Werror>)
endfunction()

# Headers that most sources of the target include, and that take longer than most sources, are compiled once.
# As target_precompile_headers().
function(servicekit_precompile target)
    target_precompile_headers(${target} ${ARGN})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        # Else ccache never takes what was compiled with it.
        target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
endfunction()
