package authticket

// Claim types of ASP.NET (System.Security.Claims.ClaimTypes). They are names:
// nothing is fetched from there.
const (
	ClaimName           = soap + "name"
	ClaimNameIdentifier = soap + "nameidentifier" // the user's id, which stays when the name changes
	ClaimRole           = microsoft + "role"
	ClaimEmail          = soap + "emailaddress"
	ClaimGivenName      = soap + "givenname"
	ClaimSurname        = soap + "surname"
	ClaimUPN            = soap + "upn"

	ClaimMobilePhone     = soap + "mobilephone"
	ClaimHomePhone       = soap + "homephone"
	ClaimOtherPhone      = soap + "otherphone"
	ClaimStreetAddress   = soap + "streetaddress"
	ClaimLocality        = soap + "locality"
	ClaimPostalCode      = soap + "postalcode"
	ClaimStateOrProvince = soap + "stateorprovince"
	ClaimCountry         = soap + "country"
	ClaimDateOfBirth     = soap + "dateofbirth"
	ClaimGender          = soap + "gender"
	ClaimWebpage         = soap + "webpage"
	ClaimURI             = soap + "uri"
	ClaimDNS             = soap + "dns"

	ClaimSID                   = soap + "sid"
	ClaimPrimarySID            = microsoft + "primarysid"
	ClaimGroupSID              = microsoft + "groupsid"
	ClaimPrimaryGroupSID       = microsoft + "primarygroupsid"
	ClaimWindowsAccountName    = microsoft + "windowsaccountname"
	ClaimThumbprint            = soap + "thumbprint"
	ClaimSerialNumber          = microsoft + "serialnumber"
	ClaimX500DistinguishedName = soap + "x500distinguishedname"

	ClaimAuthenticationMethod  = microsoft + "authenticationmethod"
	ClaimAuthenticationInstant = microsoft + "authenticationinstant"
	ClaimAuthorizationDecision = soap + "authorizationdecision"
	ClaimAnonymous             = soap + "anonymous"
	ClaimExpiration            = microsoft + "expiration"
	ClaimIsPersistent          = microsoft + "ispersistent"
	ClaimUserData              = microsoft + "userdata"
	ClaimVersion               = microsoft + "version"
	ClaimActor                 = "http://schemas.xmlsoap.org/ws/2009/09/identity/claims/actor"
)

const (
	soap      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	microsoft = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
)

// Claim types of JSON Web Tokens and OpenID Connect, which many applications
// have in their tickets instead. None equals one of the above: see the package
// documentation.
const (
	JWTSub               = "sub"  // the user's id, beside ClaimNameIdentifier
	JWTName              = "name" // beside ClaimName
	JWTRole              = "role" // beside ClaimRole; not registered, but common
	JWTRoles             = "roles"
	JWTEmail             = "email" // beside ClaimEmail
	JWTGivenName         = "given_name"
	JWTFamilyName        = "family_name"
	JWTPreferredUsername = "preferred_username"
	JWTIssuer            = "iss"
	JWTSessionID         = "sid" // of the session; no relation to ClaimSID
	JWTMethods           = "amr"
)

// Value types (System.Security.Claims.ClaimValueTypes).
const (
	ValueString   = xsd + "string"
	ValueBoolean  = xsd + "boolean"
	ValueInteger  = xsd + "integer"
	ValueInt32    = xsd + "integer32"
	ValueInt64    = xsd + "integer64"
	ValueUint32   = xsd + "uinteger32"
	ValueUint64   = xsd + "uinteger64"
	ValueDouble   = xsd + "double"
	ValueDate     = xsd + "date"
	ValueTime     = xsd + "time"
	ValueDateTime = xsd + "dateTime"
	ValueBase64   = xsd + "base64Binary"
	ValueHex      = xsd + "hexBinary"
	ValueSID      = xsd + "sid"

	// ValueJSON is what ASP.NET calls claims that were JSON objects
	// (System.IdentityModel's JsonClaimValueTypes).
	ValueJSON      = "JSON"
	ValueJSONArray = "JSON_ARRAY"
)

const xsd = "http://www.w3.org/2001/XMLSchema#"

// LocalIssuer is the issuer of claims that name none
// (ClaimsIdentity.DefaultIssuer).
const LocalIssuer = "LOCAL AUTHORITY"
