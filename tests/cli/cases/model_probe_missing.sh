mc model probe ./none
