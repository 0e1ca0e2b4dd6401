export const inside = 'imported'
