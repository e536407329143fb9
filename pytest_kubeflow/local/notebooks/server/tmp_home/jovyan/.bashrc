# Of shells in terminals of the notebook.
PS1='\u@\h:\w\$ '
