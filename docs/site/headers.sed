# Prepares a header for Doxygen. The number of lines stays the same.

# A comment at the top of a header describes the file.
1{N;N;s,\n\n///,\n/// \\file\n///,}

# Doxygen does not see a name in a comment: `const Error& /*error*/`.
s,/\*(\w+)\*/,\1,g

# A function that is defaulted or deleted does what its signature shows.
s/^.*= (default|delete);.*$//

# So do the copy and move functions of a class. When an object may be moved is described at its class.
s/^ +(\w+)\((const \1&|\1&&) *\w*\)( noexcept)?;.*//
s/^ +(\w+)& operator=\((const \1&|\1&&) *\w*\)( noexcept)?;.*//
