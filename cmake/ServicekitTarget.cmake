# What every target of this project has in common.
function(servicekit_target target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
        $<$<BOOL:${SERVICEKIT_WARNINGS_AS_ERRORS}>:-Werror>)
endfunction()
