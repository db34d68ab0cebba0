# Sets what all targets of this project have in common.
function(servicekit_target target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
        # A unity build would report names of different sources that do not shadow each other.
        $<$<NOT:$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wshadow>
        # g++ takes the sources of a group for headers, and warns about their types in unnamed namespaces.
        $<$<AND:$<BOOL:${CMAKE_UNITY_BUILD}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>
        # g++ 12 reports false overlaps in "x" + std::string when it optimises (its bug 105329).
        $<$<AND:$<NOT:$<CONFIG:Debug>>,$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
        $<$<BOOL:${SERVICEKIT_WARNINGS_AS_ERRORS}>:-Werror>)
    servicekit_group_sources(${target})
endfunction()

# Decides which sources a unity build compiles together: about eight of one directory, chosen by a hash of their names.
# So a new source changes one group. In alphabetical order it would move all later sources to other groups.
function(servicekit_group_sources target)
    get_target_property(sources ${target} SOURCES)
    set(directories "")
    foreach(source IN LISTS sources)
        if(source MATCHES "\\.cpp$")
            cmake_path(GET source PARENT_PATH directory)
            cmake_path(RELATIVE_PATH directory BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
            string(MD5 key "${directory}")
            list(APPEND directories ${key})
            list(APPEND sources_${key} "${source}")
        endif()
    endforeach()
    list(REMOVE_DUPLICATES directories)
    foreach(key IN LISTS directories)
        # The number of groups is a power of two, so that it seldom changes.
        list(LENGTH sources_${key} count)
        set(groups 1)
        while(count GREATER 12)
            math(EXPR groups "${groups} * 2")
            math(EXPR count "${count} / 2")
        endwhile()
        foreach(source IN LISTS sources_${key})
            cmake_path(GET source FILENAME name)
            string(MD5 hash "${name}")
            string(SUBSTRING "${hash}" 0 4 digits)
            math(EXPR group "0x${digits} % ${groups}")
            string(SUBSTRING "${key}" 0 8 prefix)
            set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${prefix}_${group}")
        endforeach()
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()

# Like target_precompile_headers(), for headers that most sources of the target include and that take longer to compile
# than the sources.
function(servicekit_precompile target)
    target_precompile_headers(${target} ${ARGN})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        # Without this, ccache never finds a result that was compiled with the precompiled header.
        target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Such a source needs about 1 GiB. With its default of 128 MiB, g++ spends up to a quarter of its time on garbage.
        target_compile_options(${target} PRIVATE --param=ggc-min-heapsize=1048576)
    endif()
endfunction()
