module.exports = 'required'
